import {goldenTests} from '@variants-tooling/golden';
import {languageModel, paperModel} from './model-kinds';
import {stageTransformer} from './stage-kinds';

goldenTests(import.meta.url, {lm: languageModel, paper: paperModel, 'stage-transformer': stageTransformer});
