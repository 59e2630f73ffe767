import type {AttentionSinksOptions} from './config';

/** Meta's Llama 2 (arXiv 2307.09288; published config.json), with 4 sinks and a window that fills its context. */
function llama2Size(
  numLayers: number,
  hiddenSize: number,
  numHeads: number,
  intermediateSize: number,
  numKeyValueHeads = numHeads,
): AttentionSinksOptions {
  return {
    vocabSize: 32000,
    maxSequenceLength: 4096,
    numLayers,
    hiddenSize,
    numHeads,
    intermediateSize,
    numKeyValueHeads,
  };
}

/** MosaicML's MPT (published config.json of mosaicml/mpt-7b and mpt-30b). */
function mptSize(
  numLayers: number,
  hiddenSize: number,
  numHeads: number,
  maxSequenceLength: number,
): AttentionSinksOptions {
  return {family: 'mpt', vocabSize: 50432, numLayers, hiddenSize, numHeads, maxSequenceLength};
}

/**
 * The models that the paper streams with (Xiao et al. 2023, table 2), those of them whose files can be read, and
 * karpathy/llama2.c's stories15M, which is small enough for a page.
 */
export const presets = {
  'llama-2-7b': llama2Size(32, 4096, 32, 11008),
  'llama-2-13b': llama2Size(40, 5120, 40, 13824),
  'llama-2-70b': llama2Size(80, 8192, 64, 28672, 8),
  'mpt-7b': mptSize(32, 4096, 32, 2048),
  'mpt-30b': mptSize(48, 7168, 64, 8192),
  stories15M: {...llama2Size(6, 288, 6, 768), maxSequenceLength: 256, tieEmbedding: true},
} satisfies Record<string, AttentionSinksOptions>;
