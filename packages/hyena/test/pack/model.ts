import {distil, type Hyena, hyena} from '@variants/hyena';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () =>
  hyena({vocabSize: 256, hiddenSize: 16, numLayers: 1, maxSequenceLength: 32, filterSize: 16});

/** What it generates with. */
export const finish = async (trained: Hyena) => (await distil(trained, {order: 8})).model;
