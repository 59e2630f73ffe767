import {blocks} from './blocks';
import type {SimplifiedTransformerOptions} from './config';

/**
 * The models of the paper's section 5 on CodeParrot: 18 blocks of width 768, a context of 128 out of 1024 positions, ReLU
 * (config/model/default.yaml of the authors' code; 167M parameters with Pre-LN, 146M without values and output projection).
 * The vocabulary is that of their tokenizer, huggingface-course/code-search-net-tokenizer.
 */
const codeParrot = {
  vocabSize: 50000,
  hiddenSize: 768,
  numLayers: 18,
  numHeads: 12,
  intermediateSize: 3072,
  maxSequenceLength: 1024,
};

/** Published sizes, by the form of their blocks. No weights were published. */
export const presets = {
  'pre-ln': {...codeParrot, ...blocks.preNorm},
  parallel: {...codeParrot, ...blocks.parallel},
  'v-skipinit': {...codeParrot, ...blocks.vSkipInit},
  sas: {...codeParrot, ...blocks.sas},
  'sas-p': {...codeParrot, ...blocks.sasParallel},
  'sas-p-no-norm': {...codeParrot, ...blocks.sasParallelWithoutNorms},
} satisfies Record<string, SimplifiedTransformerOptions>;
