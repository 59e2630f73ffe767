import {attentionSinks} from '@variants/attention-sinks';

/** What the program of a user trains, see `tooling/release/src/user-program.ts`. */
export const create = () => attentionSinks({vocabSize: 256, hiddenSize: 16, numLayers: 1, windowSize: 60});
