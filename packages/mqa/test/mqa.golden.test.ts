import {goldenTests} from '@variants-tooling/golden';
import {attentionKinds} from './attention-kinds';
import {modelKinds} from './model-kinds';

goldenTests(import.meta.url, {...attentionKinds, ...modelKinds});
