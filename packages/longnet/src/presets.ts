import type {LongNetOptions} from './config';
import {geometricPatterns} from './patterns';

/** Section 4.1 of arXiv 2307.02486: segments of 2,048 to 32,768, and the vocabulary of tiktoken's cl100k_base. */
const shared = {
  vocabSize: 100277,
  segmentLengths: geometricPatterns({segmentLength: 2048, count: 5}).segmentLengths,
  dilations: [1, 2, 4, 6, 12],
  tieEmbedding: true,
} satisfies LongNetOptions;

/** The sizes of arXiv 2307.02486, table 4, named as there; their parameters are counted without embeddings. */
export const presets = {
  '125M': {...shared, numLayers: 12, hiddenSize: 768, numHeads: 12},
  '350M': {...shared, numLayers: 24, hiddenSize: 1024, numHeads: 16},
  '760M': {...shared, numLayers: 24, hiddenSize: 1536, numHeads: 16},
  '2.7B': {...shared, numLayers: 32, hiddenSize: 2560, numHeads: 32},
} satisfies Record<string, LongNetOptions>;
