import {rwkv} from '@variants/rwkv';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => rwkv({vocabSize: 256, hiddenSize: 16, numLayers: 1});
