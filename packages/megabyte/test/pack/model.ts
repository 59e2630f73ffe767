import {megabyte} from '@variants/megabyte';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => megabyte({vocabSize: 256, hiddenSize: 16, numLayers: 1});
