import {wideFfn} from '@variants/wide-ffn';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => wideFfn({vocabSize: 256, hiddenSize: 16, numLayers: 1});
