import {retnet} from '@variants/retnet';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => retnet({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2});
