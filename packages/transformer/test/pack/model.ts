import {transformer} from '@variants/transformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () =>
  transformer({vocabSize: 256, hiddenSize: 16, numLayers: 1, numHeads: 2, maxSequenceLength: 64});
