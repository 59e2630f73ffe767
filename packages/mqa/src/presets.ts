import type {MultiQueryOptions} from './config';

/** BigCode's sizes (arXiv 2301.03988 and 2305.06161, and the configurations of the published files). */
function bigCode(numLayers: number, hiddenSize: number, numHeads: number, maxSequenceLength = 8192): MultiQueryOptions {
  return {family: 'gptBigCode', vocabSize: 49152, numLayers, hiddenSize, numHeads, maxSequenceLength};
}

/** The published config.json of TinyLlama. */
const tinyLlama = {
  vocabSize: 32000,
  numLayers: 22,
  hiddenSize: 2048,
  numHeads: 32,
  numKeyValueHeads: 4,
  intermediateSize: 5632,
  maxSequenceLength: 2048,
} satisfies MultiQueryOptions;

/** Table 1 of arXiv 2310.06825, with the length of the published config.json. */
const mistral7B = {
  vocabSize: 32000,
  numLayers: 32,
  hiddenSize: 4096,
  numHeads: 32,
  numKeyValueHeads: 8,
  intermediateSize: 14336,
  maxSequenceLength: 32768,
  window: 4096,
} satisfies MultiQueryOptions;

/** Meta's models/sku_list.py. */
const llama3 = {
  vocabSize: 128256,
  numLayers: 32,
  hiddenSize: 4096,
  numHeads: 32,
  numKeyValueHeads: 8,
  intermediateSize: 14336,
  maxSequenceLength: 8192,
  rotaryBase: 500000,
} satisfies MultiQueryOptions;

/** arXiv 2307.09288, with the width of the published config.json. */
const llama2 = {
  vocabSize: 32000,
  numLayers: 80,
  hiddenSize: 8192,
  numHeads: 64,
  numKeyValueHeads: 8,
  intermediateSize: 28672,
  maxSequenceLength: 4096,
} satisfies MultiQueryOptions;

/** Published sizes whose heads share keys and values, by the names of their files. */
export const presets = {
  tiny_starcoder_py: bigCode(20, 768, 12),
  'gpt_bigcode-santacoder': {...bigCode(24, 2048, 16, 2048), vocabSize: 49280},
  'starcoderbase-1b': bigCode(24, 2048, 16),
  'starcoderbase-3b': bigCode(36, 2816, 22),
  'starcoderbase-7b': bigCode(42, 4096, 32),
  starcoder: bigCode(40, 6144, 48),
  'tinyllama-1.1b': tinyLlama,
  'mistral-7b': mistral7B,
  'llama-2-70b': llama2,
  'llama-3-8b': llama3,
} satisfies Record<string, MultiQueryOptions>;
