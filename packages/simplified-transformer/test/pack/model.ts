import {simplifiedTransformer} from '@variants/simplified-transformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => simplifiedTransformer({vocabSize: 256, hiddenSize: 16, numLayers: 1});
