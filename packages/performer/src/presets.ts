import type {PerformerOptions} from './config';

// REPLACE: the published sizes, each with its source (table and number of the paper, file of the authors' code).

/** Sizes, none of them published. */
export const presets = {
  '100M': {vocabSize: 50257, numLayers: 12, hiddenSize: 640, intermediateSize: 1280},
} satisfies Record<string, PerformerOptions>;
