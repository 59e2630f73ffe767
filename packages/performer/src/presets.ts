import type {PerformerOptions} from './config';

/**
 * 'readme-512': the example in performer-pytorch's README. Neither that repository nor the authors' has published weights, and
 * other models of the paper are not described in full.
 */
export const presets = {
  'readme-512': {
    ...{vocabSize: 20000, numLayers: 12, hiddenSize: 512, numHeads: 8, headSize: 64, maxSequenceLength: 2048},
    ...{numFeatures: 256, localHeads: 4, localWindow: 256},
  },
} satisfies Record<string, PerformerOptions>;
