import type {LinformerOptions} from './config';

/** A size of fairseq's `examples/linformer`, with its defaults: RoBERTa's vocabulary, a quarter of the positions, headwise. */
const size = (numLayers: number, hiddenSize: number, numHeads: number): LinformerOptions => ({
  ...{vocabSize: 50265, numLayers, hiddenSize, numHeads, intermediateSize: 4 * hiddenSize},
  ...{maxSequenceLength: 512, compressedLength: 128, sharing: 'headwise', padToken: 1, positionOffset: 2},
  ...{dropout: 0.1, attentionDropout: 0.1},
});

/**
 * Published sizes: `linformer_roberta_base` and `linformer_roberta_large` of fairseq's `linformer_roberta.py`. No weights of
 * them were published.
 */
export const presets = {
  base: size(12, 768, 12),
  large: size(24, 1024, 16),
} satisfies Record<string, LinformerOptions>;
