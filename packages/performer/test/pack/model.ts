import {performer} from '@variants/performer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => performer({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2});
