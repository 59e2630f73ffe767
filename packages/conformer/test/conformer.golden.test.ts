import {goldenTests} from '@variants-tooling/golden';
import {audioKinds} from './audio/audio-cases';
import {modelKinds} from './model-kinds';
import {operatorKinds} from './operator-kinds';

goldenTests(import.meta.url, {...operatorKinds, ...modelKinds, ...audioKinds});
