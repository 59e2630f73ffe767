import {conformer} from '@variants/conformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => conformer({vocabSize: 256, hiddenSize: 16, numLayers: 1});
