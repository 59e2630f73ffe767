import {longnet} from '@variants/longnet';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => longnet({vocabSize: 256, hiddenSize: 16, numLayers: 1});
