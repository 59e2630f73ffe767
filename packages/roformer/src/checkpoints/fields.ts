import {type Activation, type AuthorsConfig, type FieldTable, namedValues} from '@variants/core';
import type {RoFormerFields} from '../config';

/** Activations by the names of Hugging Face's library. */
export const activationNames: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  relu2: 'squaredRelu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  linear: 'identity',
};

/** The library's name of an activation. */
export const nameOfActivation = (ours: Activation): string | undefined =>
  Object.keys(activationNames).find((name) => activationNames[name] === ours);

/**
 * Fields of Hugging Face's RoFormerConfig, of JunnYu's fork, and of the official `bert_config.json`; what is missing has the
 * library's default. Those that tell RoFormer-V2, and the width of embeddings, are told by the tensors: not all files have
 * them.
 */
export const roFormerFields: FieldTable<RoFormerFields> = {
  vocabSize: {theirs: 'vocab_size', required: true},
  embeddingSize: {to: (size) => ({embedding_size: size})},
  hiddenSize: {theirs: 'hidden_size', required: true},
  numLayers: {theirs: 'num_hidden_layers', required: true},
  numHeads: {theirs: 'num_attention_heads', required: true},
  intermediateSize: {theirs: 'intermediate_size', required: true},
  activation: namedValues('hidden_act', activationNames, 'gelu'),
  maxSequenceLength: {
    from: ({max_position_embeddings}) => max_position_embeddings,
    // Theirs cannot do without a table of a certain length.
    to: (length) => ({max_position_embeddings: length ?? usualLength}),
  },
  typeVocabSize: 'type_vocab_size',
  padToken: {from: ({pad_token_id}) => pad_token_id, to: (padToken) => ({pad_token_id: padToken})},
  norm: {to: (norm) => ({norm_type: norm === 'layer' ? 'layer_norm' : 'rms_norm'})},
  useBias: {to: (useBias) => ({use_bias: useBias})},
  normEpsilon: 'layer_norm_eps',
  rotaryValues: 'rotary_value',
  dropout: {theirs: 'hidden_dropout_prob', usual: 0.1},
  attentionDropout: {theirs: 'attention_probs_dropout_prob', usual: 0.1},
};

/** The length of their table where we have no limit. */
export const usualLength = 1536;

/** The fields that tensors tell. */
export const toldByTensors = ['embeddingSize', 'norm', 'useBias'] as const;

/** A tensor of a checkpoint by the name that it has in Hugging Face's files, whatever the layout. */
export type FindTensor = (theirs: string) => {readonly shape: readonly number[]} | undefined;

/** Their values. */
export function readFromTensors(find: FindTensor): Partial<Pick<RoFormerFields, (typeof toldByTensors)[number]>> {
  const words = find('roformer.embeddings.word_embeddings.weight') ?? find('cls.predictions.decoder.weight');
  return {
    embeddingSize: words?.shape[1],
    norm: find('roformer.embeddings.LayerNorm.weight') ? 'layer' : 'rms',
    useBias: find('roformer.encoder.layer.0.intermediate.dense.bias') !== undefined,
  };
}

/** Values of their fields by which it would be another architecture. */
export const only: AuthorsConfig = {tie_word_embeddings: true, add_cross_attention: false};
