import {
  type Activation,
  type Checkpoint,
  defineLayout,
  type FieldTable,
  mappings,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {
  type ReformerClassifierConfig,
  type ReformerFields,
  resolveReformerClassifierConfig,
  resolveReformerConfig,
  resolveReformerMaskedConfig,
} from './config';

const {embedding, linear, linears, norm} = mappings;

/** Activations by the names of Hugging Face's library. */
const activationNames: Readonly<Record<string, Activation>> = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu2: 'squaredRelu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  linear: 'identity',
};

const product = (counts: readonly number[]) => counts.reduce((total, count) => total * count, 1);

/** Fields of Hugging Face's ReformerConfig; what is missing has the library's default. */
const reformerFields: FieldTable<ReformerFields> = {
  vocabSize: {theirs: 'vocab_size', usual: 320},
  hiddenSize: {theirs: 'hidden_size', usual: 256},
  attentionTypes: {theirs: 'attn_layers', usual: ['local', 'lsh', 'local', 'lsh', 'local', 'lsh']},
  numLayers: {to: (count) => ({num_hidden_layers: count})},
  numHeads: {theirs: 'num_attention_heads', usual: 12},
  headSize: {theirs: 'attention_head_size', usual: 64},
  intermediateSize: {theirs: 'feed_forward_size', usual: 512},
  localChunkLength: {theirs: 'local_attn_chunk_length', usual: 64},
  localChunksBefore: {theirs: 'local_num_chunks_before', usual: 1},
  localChunksAfter: {theirs: 'local_num_chunks_after', usual: 0},
  lshChunkLength: {theirs: 'lsh_attn_chunk_length', usual: 64},
  lshChunksBefore: {theirs: 'lsh_num_chunks_before', usual: 1},
  lshChunksAfter: {theirs: 'lsh_num_chunks_after', usual: 0},
  numBuckets: 'num_buckets',
  numHashes: {theirs: 'num_hashes', usual: 1},
  hashSeed: 'hash_seed',
  positions: {
    theirs: 'axial_pos_embds',
    usual: true,
    read: (isAxial) => (isAxial ? 'axial' : 'learned'),
    write: (positions) => positions === 'axial',
  },
  axialShape: {
    from: ({axial_pos_embds = true, axial_pos_shape = [64, 64]}) => (axial_pos_embds ? axial_pos_shape : undefined),
    to: (shape) => (shape ? {axial_pos_shape: shape} : {}),
  },
  axialSizes: {
    from: ({axial_pos_embds = true, axial_pos_embds_dim = [64, 192]}) =>
      axial_pos_embds ? axial_pos_embds_dim : undefined,
    to: (sizes) => (sizes ? {axial_pos_embds_dim: sizes} : {}),
  },
  maxSequenceLength: {
    from: ({axial_pos_embds = true, axial_pos_shape = [64, 64], max_position_embeddings = 4096}) =>
      axial_pos_embds ? product(axial_pos_shape as number[]) : max_position_embeddings,
    to: (length) => ({max_position_embeddings: length}),
  },
  activation: namedValues('hidden_act', activationNames, 'relu'),
  feedForwardChunkLength: {theirs: 'chunk_size_feed_forward', usual: 0},
  headChunkLength: {theirs: 'chunk_size_lm_head', usual: 0},
  padToken: {theirs: 'pad_token_id', usual: 0},
  normEpsilon: {theirs: 'layer_norm_eps', usual: 1e-12},
  dropout: {theirs: 'hidden_dropout_prob', usual: 0.05},
};

/** Scalars that older versions of the library saved with each layer. */
const ignored = [/\.self_attention\.(self_)?mask_value_float(16|32)$/];

const hasBlocks = ({tensors}: Checkpoint) =>
  tensors.has('reformer.embeddings.word_embeddings.weight') && tensors.has('reformer.encoder.layer_norm.weight');

/** A block's tensors, by both names of it. */
export function blockTensors(theirs: string, ours: string, type: 'local' | 'lsh'): TensorMapping[] {
  const projections: {[ours: string]: string} =
    type === 'local' ? {queries: 'query', keys: 'key', values: 'value'} : {query_keys: 'query_key', values: 'value'};
  return [
    ...norm(`${theirs}.attention.layer_norm`, `${ours}/attention_norm`),
    ...linears(`${theirs}.attention.self_attention`, `${ours}/attention`, projections, {useBias: false}),
    ...linear(`${theirs}.attention.output.dense`, `${ours}/attention/output`, {useBias: false}),
    ...norm(`${theirs}.feed_forward.layer_norm`, `${ours}/feed_forward_norm`),
    ...linear(`${theirs}.feed_forward.dense.dense`, `${ours}/feed_forward/up`),
    ...linear(`${theirs}.feed_forward.output.dense`, `${ours}/feed_forward/down`),
  ];
}

/** The tables of positions: of digit i [count, features], which theirs has with axes of length 1 for all other digits. */
function positionTensors(theirs: string, ours: string, {axialShape, axialSizes}: ReformerFields): TensorMapping[] {
  if (!axialShape || !axialSizes) return [{theirs: `${theirs}.embedding.weight`, ours: `${ours}/table`}];
  return axialShape.map((count, i) => ({
    theirs: `${theirs}.weights.${i}`,
    ours: `${ours}/axial_${i}`,
    shape: [...axialShape.map((_, j) => (j === i ? count : 1)), axialSizes[i]],
  }));
}

function backboneTensors(config: ReformerFields): TensorMapping[] {
  return [
    ...embedding('reformer.embeddings.word_embeddings'),
    ...positionTensors('reformer.embeddings.position_embeddings', 'positions', config),
    ...config.attentionTypes.flatMap((type, i) =>
      blockTensors(`reformer.encoder.layers.${i}`, `blocks/block_${i}`, type),
    ),
    ...norm('reformer.encoder.layer_norm', 'final_norm'),
  ];
}

function headTensors(): TensorMapping[] {
  return [
    {theirs: 'lm_head.decoder.weight', ours: 'head/projection/kernel', transpose: true},
    {theirs: 'lm_head.bias', ours: 'head/projection/bias'},
    {theirs: 'lm_head.decoder.bias', ours: 'head/projection/bias', alias: true},
  ];
}

const constantsOf = (architecture: string, isDecoder: boolean) => ({
  model_type: 'reformer',
  architectures: [architecture],
  is_decoder: isDecoder,
  tie_word_embeddings: false,
});

const isDecoder = ({config}: Checkpoint) => (config as {is_decoder?: unknown} | null)?.is_decoder === true;

/** Hugging Face's files of a causal language model. */
export const causalLayout = defineLayout<ReformerFields>({
  name: 'reformer',
  recognizes: (checkpoint) =>
    hasBlocks(checkpoint) && checkpoint.tensors.has('lm_head.decoder.weight') && isDecoder(checkpoint),
  fields: reformerFields,
  constants: constantsOf('ReformerModelWithLMHead', true),
  ignored,
  resolve: resolveReformerConfig,
  tensors: (config) => [...backboneTensors(config), ...headTensors()],
});

/** Hugging Face's files of a masked language model. */
export const maskedLayout = defineLayout<ReformerFields>({
  name: 'reformer-masked',
  recognizes: (checkpoint) =>
    hasBlocks(checkpoint) && checkpoint.tensors.has('lm_head.decoder.weight') && !isDecoder(checkpoint),
  fields: reformerFields,
  constants: constantsOf('ReformerForMaskedLM', false),
  ignored,
  resolve: resolveReformerMaskedConfig,
  tensors: (config) => [...backboneTensors(config), ...headTensors()],
});

/** Hugging Face's files of a classifier. */
export const classifierLayout = defineLayout<ReformerClassifierConfig>({
  name: 'reformer-classifier',
  recognizes: (checkpoint) => hasBlocks(checkpoint) && checkpoint.tensors.has('classifier.out_proj.weight'),
  fields: {
    ...(reformerFields as FieldTable<ReformerClassifierConfig>),
    numLabels: {to: (numLabels) => ({num_labels: numLabels})},
  },
  constants: constantsOf('ReformerForSequenceClassification', false),
  ignored,
  // The library saves names of labels in place of their number.
  fromTensors: {
    names: ['numLabels'],
    read: ({tensors}) => ({numLabels: tensors.get('classifier.out_proj.weight')?.shape[0]}),
  },
  resolve: resolveReformerClassifierConfig,
  tensors: (config) => [
    ...backboneTensors(config),
    ...linears('classifier', 'classifier', {dense: 'dense', output: 'out_proj'}),
  ],
});
