import type {MonarchMixerOptions} from './config';

/**
 * The paper's causal model by its number of parameters, 360M (arXiv 2310.12109, abstract). Neither code nor weights of it
 * were published; the shape is ours: depth and width of M2-BERT's 341M, GPT-2's vocabulary, a basis with groups of √1024.
 */
export const presets = {
  '360M': {
    vocabSize: 50257,
    hiddenSize: 1792,
    numLayers: 12,
    maxSequenceLength: 1024,
    basisBlock: 32,
  },
} satisfies Record<string, MonarchMixerOptions>;
