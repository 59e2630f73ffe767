import {type Activation, type FieldTable, namedValues, type RenamedField} from '@variants/core';
import type {HyenaBackboneConfig} from '../config';

type Table = FieldTable<HyenaBackboneConfig>;

/** safari's names of the activations of an operator. */
const activationNames: Readonly<Record<string, Activation>> = {
  id: 'identity',
  identity: 'identity',
  gelu: 'gelu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  relu: 'relu',
  sigmoid: 'sigmoid',
};

/** A field of theirs that their code does not look at, and what it computes instead. */
const fixed = (theirs: string, value: unknown): RenamedField => ({theirs, usual: value, read: () => value});

/** The layout of an operator's channels, which the authors' code alone tells: "od", order outermost, "vo", innermost. */
const filterLayout = (usual: 'od' | 'vo') =>
  namedValues('filter_layout', {od: 'order-first', vo: 'channel-first'}, usual);

/** What is the same in all of safari's operators. Their fields are in an object `layer`; the tensors tell the sizes. */
const operator: Table = {
  maxSequenceLength: 'layer.l_max',
  order: 'layer.order',
  filterSize: 'layer.filter_order',
  positionSize: 'layer.emb_dim',
  numInnerLayers: 'layer.num_inner_mlps',
  shortFilterSize: 'layer.short_filter_order',
  numHeads: 'layer.num_heads',
  headMixing: 'layer.post_order_ffn',
  frequency: {theirs: 'layer.w', usual: 1},
  modulated: {theirs: 'layer.modulate', usual: true},
  trainPositions: {
    theirs: 'layer.lr_pos_emb',
    usual: 1e-5,
    read: (rate) => rate !== 0,
    write: (isTrained) => (isTrained ? 1e-5 : 0),
  },
  trainDecays: {
    theirs: 'layer.modulation_lr',
    usual: 0,
    read: (rate) => rate !== 0,
    write: (isTrained) => (isTrained ? 1e-3 : 0),
  },
  operatorDropout: {theirs: 'layer.dropout', usual: 0},
};

/**
 * An operator of safari's standalone code and of HyenaDNA, which has few options.
 * @param shift The usual one.
 */
export const standaloneOperator = (shift: number): Table => ({
  ...operator,
  shift: {theirs: 'layer.shift', usual: shift},
  normalized: fixed('layer.normalized', false),
  useSkip: fixed('layer.bias', true),
  outerMixing: fixed('layer.outer_mixing', false),
  activation: {...namedValues('layer.activation', activationNames), ...fixed('layer.activation', 'identity')},
  filterLayout: filterLayout('od'),
});

/** An operator of safari's full code. */
export const fullOperator: Table = {
  ...operator,
  shift: {theirs: 'layer.shift', usual: 0},
  normalized: {theirs: 'layer.normalized', usual: false},
  useSkip: {theirs: 'layer.bias', usual: true},
  outerMixing: {theirs: 'layer.outer_mixing', usual: false},
  activation: namedValues('layer.activation', activationNames, 'id'),
  filterLayout: filterLayout('vo'),
};

/** What safari's models have but for their operators. */
export const modelFields: Table = {
  hiddenSize: 'd_model',
  numLayers: 'n_layer',
  intermediateSize: 'd_inner',
  vocabSize: 'vocab_size',
  maxPositions: 'max_position_embeddings',
  attentionLayers: {
    theirs: 'attn_layer_idx',
    write: (layers) => (layers.length > 0 ? layers : undefined),
  },
  numAttentionHeads: {
    theirs: 'attn_cfg.num_heads',
    write: (heads, {attentionLayers}) => (attentionLayers.length > 0 ? heads : undefined),
  },
  normEpsilon: {theirs: 'layer_norm_epsilon', usual: 1e-5},
  dropout: {theirs: 'resid_dropout', usual: 0},
  embeddingDropout: {theirs: 'embed_dropout', usual: 0.1},
};

/** The operators that can be loaded. */
export const modelOnly = {'layer._name_': 'hyena', 'layer.num_blocks': 1, 'layer.inner_factor': 1};

/** What safari's models write besides. */
export const modelConstants = {model_type: 'hyena', 'layer._name_': 'hyena', pad_vocab_size_multiple: 1};
