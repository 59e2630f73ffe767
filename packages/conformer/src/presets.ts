import type {ConformerOptions} from './config';
import type {WaveformConvolutions} from './front-ends';

/** A size of the paper's Table 1. */
const paper = (numLayers: number, hiddenSize: number, numHeads: number): ConformerOptions => ({
  ...{numLayers, hiddenSize, numHeads, intermediateSize: 4 * hiddenSize, dropout: 0.1},
});

/** The convolutions of wav2vec 2.0's large models. */
const waveform: WaveformConvolutions = {
  channels: [512, 512, 512, 512, 512, 512, 512],
  kernelSizes: [10, 3, 3, 3, 3, 2, 2],
  strides: [5, 2, 2, 2, 2, 2, 2],
  useBias: true,
  norm: 'layer',
};

const wav2vec2: ConformerOptions = {
  ...{vocabSize: 32, inputSize: null, frontEnd: waveform, numLayers: 24, hiddenSize: 1024, numHeads: 16},
  ...{intermediateSize: 4096, pointwiseBias: false, depthwiseBias: false, finalNorm: true, padding: 'zeroed'},
};

/**
 * Published sizes: the paper's encoders (Gulati et al. 2020, Table 1; its kernel of 32 is 31 here, as in all of its
 * implementations), sooftware's defaults, WeNet's recipes for AISHELL-1 (whole utterances and streaming), torchaudio's
 * encoder of conformer_rnnt_base, and Hugging Face's facebook/wav2vec2-conformer-{rel-pos,rope}-large-960h-ft. Those without
 * a `vocabSize` need one to give logits.
 */
export const presets = {
  small: paper(16, 144, 4),
  medium: paper(16, 256, 4),
  large: paper(17, 512, 8),
  sooftware: {
    ...paper(17, 512, 8),
    ...{depthwiseBias: false, headBias: false, padding: 'ignored', lengths: 'quarter', attentionDropout: 0.1},
  },
  'wenet-aishell': {
    ...{vocabSize: 4233, numLayers: 12, hiddenSize: 256, numHeads: 4, intermediateSize: 2048, kernelSize: 15},
    ...{positions: 'key', scaleInput: true, finalNorm: true, normalizesInput: true, padding: 'wenet', dropout: 0.1},
  },
  'wenet-aishell-streaming': {
    ...{vocabSize: 4233, numLayers: 12, hiddenSize: 256, numHeads: 4, intermediateSize: 2048, kernelSize: 15},
    ...{positions: 'key', scaleInput: true, finalNorm: true, normalizesInput: true, padding: 'wenet', dropout: 0.1},
    ...{causal: true, convolutionNorm: 'layer', chunkSize: 16, leftChunks: 4},
  },
  'torchaudio-rnnt-base': {
    ...{frontEnd: 'none', inputSize: 256, numLayers: 16, hiddenSize: 256, numHeads: 4, intermediateSize: 1024},
    ...{positions: 'none', padding: 'keys', dropout: 0.1},
  },
  'wav2vec2-relative-large': {...wav2vec2, activation: 'silu'},
  'wav2vec2-rotary-large': {...wav2vec2, activation: 'silu', positions: 'rotary'},
} satisfies Record<string, ConformerOptions>;
