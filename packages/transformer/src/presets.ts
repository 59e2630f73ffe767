import type {TransformerOptions} from './config';
import type {EncoderDecoderOptions} from './seq2seq/config';
import {encoderDecoderPresets} from './seq2seq/presets';

/** OpenAI's sizes (Radford et al. 2019, table 2, with the shapes of the published files) and distilgpt2. */
function gpt2Size(numLayers: number, hiddenSize: number, numHeads: number): TransformerOptions {
  return {family: 'gpt2', vocabSize: 50257, maxSequenceLength: 1024, numLayers, hiddenSize, numHeads};
}

/** Sizes of karpathy/llama2.c, trained on TinyStories. */
function storiesSize(
  numLayers: number,
  hiddenSize: number,
  numHeads: number,
  intermediateSize: number,
  maxSequenceLength: number,
): TransformerOptions {
  return {vocabSize: 32000, tieEmbedding: true, numLayers, hiddenSize, numHeads, intermediateSize, maxSequenceLength};
}

/** Meta's sizes (arXiv 2302.13971, table 2, and 2307.09288); the epsilon differs between files and is read from them. */
function llamaSize(
  numLayers: number,
  hiddenSize: number,
  numHeads: number,
  intermediateSize: number,
  maxSequenceLength: number,
): TransformerOptions {
  return {vocabSize: 32000, layout: 'meta', numLayers, hiddenSize, numHeads, intermediateSize, maxSequenceLength};
}

const llama3 = {vocabSize: 128256, rotaryBase: 500000, numKeyValueHeads: 8, rotaryPairing: 'halves'} as const;

/** Llama 3.2's scaling (published config.json). */
const llama32 = {
  ...llama3,
  tieEmbedding: true,
  maxSequenceLength: 131072,
  ropeScaling: {
    type: 'llama3',
    factor: 32,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxSequenceLength: 8192,
  },
} as const;

/** HuggingFaceTB/SmolLM2's published config.json. */
const smollm2 = {
  vocabSize: 49152,
  rotaryBase: 100000,
  tieEmbedding: true,
  maxSequenceLength: 8192,
  rotaryPairing: 'halves',
} as const;

/** Published sizes: decoders by the names of their files, for `transformer`, and the paper's models, for `encoderDecoder`. */
export const presets = {
  gpt2: gpt2Size(12, 768, 12),
  'gpt2-medium': gpt2Size(24, 1024, 16),
  'gpt2-large': gpt2Size(36, 1280, 20),
  'gpt2-xl': gpt2Size(48, 1600, 25),
  distilgpt2: gpt2Size(6, 768, 12),
  stories260K: {...storiesSize(5, 64, 8, 172, 512), vocabSize: 512, numKeyValueHeads: 4},
  stories15M: storiesSize(6, 288, 6, 768, 256),
  stories42M: storiesSize(8, 512, 8, 1376, 1024),
  stories110M: storiesSize(12, 768, 12, 2048, 1024),
  'llama-7b': llamaSize(32, 4096, 32, 11008, 2048),
  'llama-13b': llamaSize(40, 5120, 40, 13824, 2048),
  'llama-33b': llamaSize(60, 6656, 52, 17920, 2048),
  'llama-65b': llamaSize(80, 8192, 64, 22016, 2048),
  'llama-2-7b': llamaSize(32, 4096, 32, 11008, 4096),
  'llama-2-13b': llamaSize(40, 5120, 40, 13824, 4096),
  'llama-2-70b': {...llamaSize(80, 8192, 64, 28672, 4096), numKeyValueHeads: 8},
  'llama-3-8b': {
    ...llama3,
    numLayers: 32,
    hiddenSize: 4096,
    numHeads: 32,
    intermediateSize: 14336,
    maxSequenceLength: 8192,
  },
  'llama-3.2-1b': {...llama32, numLayers: 16, hiddenSize: 2048, numHeads: 32, intermediateSize: 8192},
  'llama-3.2-3b': {...llama32, numLayers: 28, hiddenSize: 3072, numHeads: 24, intermediateSize: 8192},
  'tinyllama-1.1b': {
    ...llamaSize(22, 2048, 32, 5632, 2048),
    numKeyValueHeads: 4,
    rotaryPairing: 'halves',
    layout: 'huggingface',
  },
  'smollm2-135m': {
    ...smollm2,
    numLayers: 30,
    hiddenSize: 576,
    numHeads: 9,
    numKeyValueHeads: 3,
    intermediateSize: 1536,
  },
  'smollm2-360m': {
    ...smollm2,
    numLayers: 32,
    hiddenSize: 960,
    numHeads: 15,
    numKeyValueHeads: 5,
    intermediateSize: 2560,
  },
  ...encoderDecoderPresets,
} satisfies Record<string, TransformerOptions | EncoderDecoderOptions>;
