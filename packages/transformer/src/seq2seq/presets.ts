import type {EncoderDecoderOptions} from './config';

/** The paper's models (Vaswani et al. 2017, table 3), with the shared vocabulary of its English-German data. */
const paper = {
  sourceVocabSize: 37000,
  normalization: 'post',
  finalNorm: false,
  shareEmbeddings: true,
  labelSmoothing: 0.1,
} as const;

/** Published sizes of encoder-decoders. */
export const encoderDecoderPresets = {
  'transformer-base': {...paper, hiddenSize: 512, numHeads: 8, dropout: 0.1},
  'transformer-big': {...paper, hiddenSize: 1024, numHeads: 16, dropout: 0.3},
} satisfies Record<string, EncoderDecoderOptions>;
