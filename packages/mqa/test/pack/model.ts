import {mqa} from '@variants/mqa';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => mqa({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2, maxSequenceLength: 64});
