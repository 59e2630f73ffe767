import {linformer} from '@variants/linformer';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => linformer({vocabSize: 256, hiddenSize: 16, numLayers: 1});
