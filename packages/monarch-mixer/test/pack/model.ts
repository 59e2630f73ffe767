import {monarchMixer} from '@variants/monarch-mixer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () =>
  monarchMixer({vocabSize: 256, hiddenSize: 16, numLayers: 1, maxSequenceLength: 32, filterSize: 16});
