import {megabyte} from '@variants/megabyte';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () =>
  megabyte({vocabSize: 256, stageLengths: [64, 4], hiddenSizes: [16, 16], numLayers: [1, 1], numHeads: 2, headSize: 8});
