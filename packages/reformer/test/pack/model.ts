import {reformer} from '@variants/reformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => reformer({vocabSize: 256, hiddenSize: 16, numLayers: 1});
