import {aft} from '@variants/aft';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () =>
  aft({variant: 'conv', vocabSize: 256, hiddenSize: 16, numLayers: 1, kernelSize: 4, maxSequenceLength: 32});
