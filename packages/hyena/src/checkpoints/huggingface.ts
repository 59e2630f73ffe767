import {type FieldTable, mappings} from '@variants/core';
import {
  type HyenaBackboneConfig,
  type HyenaClassifierConfig,
  type HyenaConfig,
  resolveHyenaClassifierConfig,
  resolveHyenaConfig,
} from '../config';
import {hyenaLayout} from './define-layout';

/** Names begin with it. */
const prefix = 'hyena.';

/** The fields of the port; the window and what is trained are the same in all of its models. */
const fields: FieldTable<HyenaBackboneConfig> = {
  vocabSize: 'vocab_size',
  hiddenSize: 'd_model',
  intermediateSize: 'd_inner',
  numLayers: 'n_layer',
  maxSequenceLength: 'max_seq_len',
  order: 'hyena_order',
  filterSize: 'filter_order',
  positionSize: 'emb_dim',
  numInnerLayers: 'num_inner_mlps',
  shortFilterSize: 'short_filter_order',
  frequency: {theirs: 'activation_freq', usual: 10},
  modulated: {from: () => true},
  shift: {from: () => 0.05},
  normalized: {from: () => false},
  useSkip: {from: () => true},
  trainPositions: {from: () => false},
  trainDecays: {from: () => false},
  outerMixing: {from: () => false},
  activation: {from: () => 'identity'},
  filterLayout: {from: () => 'order-first'},
  // Its blocks have norms of their own.
  normEpsilon: {from: () => 1e-5},
  finalNormEpsilon: {theirs: 'layer_norm_epsilon', usual: 1e-5},
  embeddingDropout: {theirs: 'embed_dropout', usual: 0.1},
  operatorDropout: {theirs: 'hyena_dropout', usual: 0},
  dropout: {from: () => 0},
};

const constants = {
  model_type: 'hyenadna',
  pad_vocab_size_multiple: 1,
  train_freq: true,
  use_bias: true,
  tie_word_embeddings: false,
};

/** Files of Hugging Face's HyenaDNAForCausalLM (LongSafari/hyenadna-*-hf), whose head is its own. */
export const huggingFace = hyenaLayout<HyenaConfig>({
  name: 'huggingface',
  recognizes: (_, naming) => naming.prefix === prefix,
  fields: {...fields, tieEmbedding: {from: () => false}},
  constants: {...constants, architectures: ['HyenaDNAForCausalLM']},
  resolve: resolveHyenaConfig,
  prefix,
  frequencies: 'once',
  head: (config) => mappings.head('lm_head', config),
});

/** Files of Hugging Face's HyenaDNAForSequenceClassification, which looks at the position before the first padding. */
export const huggingFaceClassifier = hyenaLayout<HyenaClassifierConfig>({
  name: 'huggingface-classifier',
  recognizes: ({tensors}, naming) => naming.prefix === prefix && tensors.has('score.weight'),
  fields: {
    ...fields,
    numLabels: 'num_labels',
    pooling: {from: () => 'before-padding'},
    padToken: {theirs: 'pad_token_id', usual: 4},
  },
  constants: {...constants, architectures: ['HyenaDNAForSequenceClassification']},
  resolve: resolveHyenaClassifierConfig,
  prefix,
  frequencies: 'once',
  head: () => mappings.linear('score', 'head/classifier', {useBias: false}),
  headSizes: ({tensors}) => ({numLabels: tensors.get('score.weight')?.shape[0]}),
});
