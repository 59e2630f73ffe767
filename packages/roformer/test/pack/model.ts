import {roformer} from '@variants/roformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => roformer({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2});
