import type {RoFormerFields, RoFormerMaskedOptions} from './config';

/** A published size; what is not here is as in the defaults. All were trained with dropout. */
const size = (
  [numLayers, hiddenSize, numHeads]: [number, number, number],
  vocabSize: number,
  more: Partial<RoFormerFields> = {},
): RoFormerMaskedOptions => ({
  ...{vocabSize, numLayers, hiddenSize, numHeads, intermediateSize: 4 * hiddenSize},
  ...{maxSequenceLength: 512, dropout: 0.1, attentionDropout: 0.1},
  ...more,
});

/** What RoFormer-V2 has otherwise. */
const second: Partial<RoFormerFields> = {norm: 'rms', activation: 'relu'};

/**
 * Published sizes, for every form: `roformer`, `roformerMasked`, `roformerClassifier`. Sizes are those of the names of the
 * official archives (github.com/ZhuiyiTechnology/roformer and roformer-v2), vocabularies those of huggingface.co/junnyu.
 */
export const presets = {
  'chinese-base': size([12, 768, 12], 50000, {maxSequenceLength: 1536}),
  'chinese-small': size([6, 384, 6], 50000),
  'chinese-char-base': size([12, 768, 12], 12000),
  'chinese-char-small': size([6, 384, 6], 12000),
  'v2-chinese-char-small': size([6, 384, 6], 12000, second),
  'v2-chinese-char-base': size([12, 768, 12], 12000, second),
  'v2-chinese-char-large': size([24, 1024, 16], 12000, second),
} satisfies Record<string, RoFormerMaskedOptions>;
