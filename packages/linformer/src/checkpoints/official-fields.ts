import {type Activation, type AuthorsConfig, type FieldTable, namedValues} from '@variants/core';
import type {LinformerConfig} from '../config';

/** Activations by fairseq's names. */
export const activationNames: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_accurate: 'geluTanh',
  gelu_fast: 'geluTanh',
  relu: 'relu',
  tanh: 'tanh',
  swish: 'silu',
  linear: 'identity',
};

const flag = (value: unknown) => value === true || value === 1;

/** Whether all blocks have one compression. */
const isLayerwise = ({shared_layer_kv_compressed}: AuthorsConfig): boolean => flag(shared_layer_kv_compressed);

/** Whether files that have one compression for all blocks name it for values too. */
export const repeatsValues = (json: AuthorsConfig): boolean => isLayerwise(json) && !flag(json.shared_kv_compressed);

const lengthOf = (json: AuthorsConfig) => (json.max_positions ?? json.tokens_per_sample ?? 512) as number;

/** The padding of fairseq's dictionaries. */
const padOf = ({padding_idx}: AuthorsConfig) => (padding_idx ?? 1) as number;

/**
 * Fields of fairseq's RobertaModel, and of the Linformer example's on top of it; what is missing has their default. Attention
 * has the dropout of all else there, whatever attention_dropout is.
 * @param valuesRepeated How a compression of all blocks is written, see {@link repeatsValues}.
 */
export const officialFields = (valuesRepeated: boolean): FieldTable<LinformerConfig> => ({
  vocabSize: {to: (size) => ({vocab_size: size})},
  hiddenSize: {theirs: 'encoder_embed_dim', required: true},
  numLayers: {theirs: 'encoder_layers', required: true},
  numHeads: {theirs: 'encoder_attention_heads', required: true},
  intermediateSize: {theirs: 'encoder_ffn_embed_dim', required: true},
  activation: namedValues('activation_fn', activationNames, 'gelu'),
  maxSequenceLength: {
    from: lengthOf,
    to: (length) => ({max_positions: length, tokens_per_sample: length, max_source_positions: length}),
  },
  compressedLength: {
    from: (json) => Math.floor(lengthOf(json) / ((json.compressed ?? 4) as number)),
    to: (slots, {maxSequenceLength}) => ({compressed: Math.max(1, Math.floor(maxSequenceLength / slots))}),
  },
  sharing: {
    from: (json) => (isLayerwise(json) ? 'layerwise' : flag(json.shared_kv_compressed) ? 'kv' : 'headwise'),
    to: (sharing) => ({
      shared_kv_compressed: sharing === 'kv' || (sharing === 'layerwise' && !valuesRepeated) ? 1 : 0,
      shared_layer_kv_compressed: sharing === 'layerwise' ? 1 : 0,
    }),
  },
  compressionBias: {from: (json) => (isLayerwise(json) ? 'unused' : 'none')},
  trainCompression: {
    from: ({freeze_compress}) => !flag(freeze_compress),
    to: (trains) => ({freeze_compress: trains ? 0 : 1}),
  },
  embeddingNorm: 'layernorm_embedding',
  normalization: {
    from: ({encoder_normalize_before}) => (flag(encoder_normalize_before) ? 'pre' : 'post'),
    to: (place) => ({encoder_normalize_before: place === 'pre'}),
  },
  tieEmbedding: {
    from: ({untie_weights_roberta}) => !flag(untie_weights_roberta),
    to: (tied) => ({untie_weights_roberta: !tied}),
  },
  padToken: {from: padOf, to: (padToken) => (padToken === null ? {} : {padding_idx: padToken})},
  positionOffset: {from: (json) => padOf(json) + 1},
  masksPadding: {from: () => false},
  dropout: {theirs: 'dropout', usual: 0.1},
  attentionDropout: {from: ({dropout}) => dropout ?? 0.1},
});

/** Values of their fields by which it would be another model. */
export const only: AuthorsConfig = {
  activation_dropout: 0,
  no_token_positional_embeddings: false,
  encoder_learned_pos: true,
  no_scale_embedding: true,
  adaptive_input: false,
  spectral_norm_classification_head: false,
};

/** What their files say besides. */
export const constants: AuthorsConfig = {...only, arch: 'linformer_roberta'};
