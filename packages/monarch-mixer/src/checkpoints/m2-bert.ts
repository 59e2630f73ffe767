import {
  type AuthorsConfig,
  type Checkpoint,
  defineLayout,
  type FieldTable,
  mappings,
  type TensorMapping,
} from '@variants/core';
import {
  type M2BertClassifierConfig,
  type M2BertConfig,
  resolveM2BertClassifierConfig,
  resolveM2BertConfig,
} from '../m2-bert/config';
import {feedForwardTensors, filterFields, mixerBuffers, mixerTensors} from './parts';

const {blocks, embedding, linear, norm} = mappings;

/** The authors' fields; switches that are missing are off. */
const fields: FieldTable<M2BertConfig> = {
  ...filterFields,
  vocabSize: {theirs: 'vocab_size', required: true},
  hiddenSize: {theirs: 'hidden_size', required: true},
  numLayers: {theirs: 'num_hidden_layers', required: true},
  intermediateSize: {theirs: 'intermediate_size', required: true},
  maxSequenceLength: {theirs: 'max_position_embeddings', required: true},
  filterLength: 'long_conv_l_max',
  typeVocabSize: 'type_vocab_size',
  padToken: 'pad_token_id',
  positionEmbeddings: {theirs: 'use_positional_encodings', usual: false},
  bidirectional: {theirs: 'bidirectional', usual: false},
  residualConvolution: {theirs: 'residual_long_conv', usual: false},
  trainingAdditions: {theirs: 'hyena_training_additions', usual: false},
  gated: {theirs: 'use_glu_mlp', usual: false},
  numBlocks: {
    from: ({use_monarch_mlp, monarch_mlp_nblocks}) => (use_monarch_mlp === true ? monarch_mlp_nblocks : 1),
    to: (numBlocks) => ({use_monarch_mlp: numBlocks > 1, monarch_mlp_nblocks: numBlocks}),
  },
  normEpsilon: 'layer_norm_eps',
  dropout: 'hidden_dropout_prob',
};

/** Fields of the authors' BertConfig whose other values mean another architecture. */
const only = {monarch_mixer_sequence_mixing: true, hidden_act: 'gelu'};

const words = 'bert.embeddings.word_embeddings.weight';

/** What stands before the names of a file: Composer's checkpoints hold the model in a larger one. */
const prefixOf = (checkpoint?: Pick<Checkpoint, 'tensors'>): string => {
  const name = [...(checkpoint?.tensors.keys() ?? [])].find((key) => key.endsWith(words)) ?? words;
  return name.slice(0, -words.length);
};

/** The tensors of everything below the head. */
function encoderTensors(config: M2BertConfig, prefix: string): TensorMapping[] {
  const embeddings = `${prefix}bert.embeddings`;
  const mixer = {...config, maxSequenceLength: config.filterLength};
  return [
    ...embedding(`${embeddings}.word_embeddings`, 'embeddings/tokens'),
    ...(config.positionEmbeddings ? embedding(`${embeddings}.position_embeddings`, 'embeddings/positions') : []),
    {theirs: `${embeddings}.token_type_embeddings.weight`, ours: 'embeddings/types'},
    ...norm(`${embeddings}.LayerNorm`, 'embeddings/norm'),
    ...blocks(
      config.numLayers,
      `${prefix}bert.encoder.layer`,
      (theirs, ours) => [
        ...mixerTensors(mixer, `${theirs}.attention.`, `${ours}/mixer/`),
        ...feedForwardTensors(config.numBlocks, `${theirs}.mlp.`, `${ours}/feed_forward/`),
        ...norm(`${theirs}.mlp.layernorm`, `${ours}/norm`),
      ],
      'layer',
    ),
  ];
}

/** What both layouts share. */
const shared = {
  only,
  constants: {model_type: 'bert', ...only},
  // With something before the names, the constants are not where `buffers` has them.
  ignored: [/bert\.embeddings\.position_ids$/, /^.+bert\.encoder\..*\.pos_emb\.t$/],
  buffers: (config: M2BertConfig) =>
    Object.assign(
      {},
      ...Array.from({length: config.numLayers}, (_, i) =>
        mixerBuffers({...config, maxSequenceLength: config.filterLength}, `bert.encoder.layer.${i}.attention.`),
      ),
    ),
};

const has = ({tensors}: Checkpoint, name: string) => [...tensors.keys()].some((key) => key.endsWith(name));

/** Files of HazyResearch/m2's BertForMaskedLM. */
export const m2BertLayout = defineLayout<M2BertConfig>({
  ...shared,
  name: 'm2-bert',
  recognizes: (checkpoint) => has(checkpoint, words) && has(checkpoint, 'cls.predictions.decoder.bias'),
  fields,
  resolve: resolveM2BertConfig,
  tensors(config, checkpoint) {
    const prefix = prefixOf(checkpoint);
    const head = `${prefix}cls.predictions`;
    return [
      ...encoderTensors(config, prefix),
      ...linear(`${head}.transform.dense`, 'head/transform'),
      ...norm(`${head}.transform.LayerNorm`, 'head/norm'),
      {theirs: `${head}.decoder.weight`, ours: 'embeddings/tokens/table', alias: true},
      {theirs: `${head}.decoder.bias`, ours: 'head/bias'},
    ];
  },
});

/** How many labels the head is for, where the configuration does not say. */
function readLabels({tensors}: Checkpoint, {num_labels}: AuthorsConfig): Partial<M2BertClassifierConfig> {
  if (num_labels != null) return {};
  return {numLabels: [...tensors].find(([name]) => name.endsWith('classifier.weight'))?.[1].shape[0]};
}

/** Files of HazyResearch/m2's BertForSequenceClassification. */
export const m2BertClassifierLayout = defineLayout<M2BertClassifierConfig>({
  ...shared,
  name: 'm2-bert-classifier',
  recognizes: (checkpoint) => has(checkpoint, words) && has(checkpoint, 'classifier.weight'),
  fields: {
    ...fields,
    numLabels: 'num_labels',
    pooling: {
      from: ({use_cls_token, pool_all}) => (use_cls_token ? 'token' : pool_all ? 'mean' : 'first'),
      to: (pooling) => ({pool_all: pooling === 'mean', use_cls_token: pooling === 'token'}),
    },
    normalizedEmbeddings: {theirs: 'use_normalized_embeddings', usual: false},
  },
  fromTensors: {names: [], read: readLabels},
  resolve: resolveM2BertClassifierConfig,
  tensors(config, checkpoint) {
    const prefix = prefixOf(checkpoint);
    return [
      ...encoderTensors(config, prefix),
      ...linear(`${prefix}bert.pooler.dense`, 'head/pooler'),
      ...linear(`${prefix}classifier`, 'head/classifier'),
    ];
  },
});
