import {templateName} from '@variants/template-name';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => templateName({vocabSize: 256, hiddenSize: 16, numLayers: 1});
