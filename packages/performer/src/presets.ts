import type {PerformerOptions} from './config';

/**
 * Sizes of published models; what is not here is as in the defaults. 'readme-512': the example of performer-pytorch's README.
 * 'trembl': the single protein sequences of the paper's appendix (36 layers, 8 heads, width 512, sequences of 1024). 'lm1b':
 * the Transformer that the paper's section 4.2 puts its attention into (6 layers, 6 heads... see its appendix A.2).
 */
export const presets = {
  'readme-512': {
    ...{vocabSize: 20000, numLayers: 12, hiddenSize: 512, numHeads: 8, headSize: 64, maxSequenceLength: 2048},
    ...{numFeatures: 256, localHeads: 4, localWindow: 256},
  },
} satisfies Record<string, PerformerOptions>;
