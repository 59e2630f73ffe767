import {type Checkpoint, CheckpointError, type CheckpointLayout, type TensorMapping} from '@variants/core';
import {
  type M2BertClassifierConfig,
  type M2BertConfig,
  resolveM2BertClassifierConfig,
  resolveM2BertConfig,
} from '../m2-bert/config';
import {feedForwardTensors, linear, mixerBuffers, mixerTensors, norm} from './parts';

/** Fields of the authors' BertConfig whose other values mean another architecture. */
const onlyValues: Record<string, unknown> = {monarch_mixer_sequence_mixing: true, hidden_act: 'gelu'};

/** Fields without which a configuration says too little. */
const required = ['vocab_size', 'hidden_size', 'num_hidden_layers', 'intermediate_size', 'max_position_embeddings'];

/** The authors' fields; switches that are missing are off. */
function readFields({name, config}: Checkpoint): M2BertConfig {
  const json = (config ?? {}) as Record<string, never>;
  const missing = required.filter((field) => json[field] == null);
  if (missing.length > 0)
    throw new CheckpointError(
      `${name}: ${config ? 'its config.json lacks' : 'there is no config.json with'} ${missing.join(', ')}`,
    );
  for (const [field, value] of Object.entries(onlyValues))
    if (field in json && json[field] !== value)
      throw new CheckpointError(
        `${name}: ${field} is ${JSON.stringify(json[field])}, but only ${JSON.stringify(value)} can be loaded`,
      );
  const isOn = (field: string) => (json[field] as unknown) === true;
  return resolveM2BertConfig({
    vocabSize: json.vocab_size,
    hiddenSize: json.hidden_size,
    numLayers: json.num_hidden_layers,
    intermediateSize: json.intermediate_size,
    maxSequenceLength: json.max_position_embeddings,
    filterLength: json.long_conv_l_max,
    typeVocabSize: json.type_vocab_size,
    padToken: json.pad_token_id,
    positionEmbeddings: isOn('use_positional_encodings'),
    bidirectional: isOn('bidirectional'),
    residualConvolution: isOn('residual_long_conv'),
    trainingAdditions: isOn('hyena_training_additions'),
    gated: isOn('use_glu_mlp'),
    numBlocks: isOn('use_monarch_mlp') ? json.monarch_mlp_nblocks : 1,
    positionSize: json.hyena_emb_dim,
    filterSize: json.hyena_filter_order,
    frequency: json.hyena_w,
    frequencyScale: json.hyena_w_mod,
    trainPositions: json.hyena_lr_pos_emb !== 0,
    normEpsilon: json.layer_norm_eps,
    dropout: json.hidden_dropout_prob,
  });
}

const writeFields = (config: M2BertConfig): Record<string, unknown> => ({
  model_type: 'bert',
  vocab_size: config.vocabSize,
  hidden_size: config.hiddenSize,
  num_hidden_layers: config.numLayers,
  intermediate_size: config.intermediateSize,
  max_position_embeddings: config.maxSequenceLength,
  long_conv_l_max: config.filterLength,
  type_vocab_size: config.typeVocabSize,
  pad_token_id: config.padToken,
  hidden_act: 'gelu',
  monarch_mixer_sequence_mixing: true,
  use_positional_encodings: config.positionEmbeddings,
  bidirectional: config.bidirectional,
  residual_long_conv: config.residualConvolution,
  hyena_training_additions: config.trainingAdditions,
  use_glu_mlp: config.gated,
  use_monarch_mlp: config.numBlocks > 1,
  monarch_mlp_nblocks: config.numBlocks,
  hyena_emb_dim: config.positionSize,
  hyena_filter_order: config.filterSize,
  hyena_w: config.frequency,
  hyena_w_mod: config.frequencyScale,
  hyena_lr_pos_emb: config.trainPositions ? 1e-5 : 0,
  layer_norm_eps: config.normEpsilon,
  hidden_dropout_prob: config.dropout,
});

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
  const layer = (i: number): TensorMapping[] => {
    const [theirs, ours] = [`${prefix}bert.encoder.layer.${i}`, `layer_${i}`];
    return [
      ...mixerTensors(mixer, `${theirs}.attention.`, `${ours}/mixer/`),
      ...feedForwardTensors(config.numBlocks, `${theirs}.mlp.`, `${ours}/feed_forward/`),
      ...norm(`${theirs}.mlp.layernorm`, `${ours}/norm`),
    ];
  };
  return [
    {theirs: prefix + words, ours: 'embeddings/tokens/table'},
    ...(config.positionEmbeddings
      ? [{theirs: `${embeddings}.position_embeddings.weight`, ours: 'embeddings/positions/table'}]
      : []),
    {theirs: `${embeddings}.token_type_embeddings.weight`, ours: 'embeddings/types'},
    ...norm(`${embeddings}.LayerNorm`, 'embeddings/norm'),
    ...Array.from({length: config.numLayers}, (_, i) => layer(i)).flat(),
  ];
}

/** What both layouts share. */
const shared = {
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
export const m2BertLayout: CheckpointLayout<M2BertConfig> = {
  ...shared,
  name: 'm2-bert',
  recognizes: (checkpoint) => has(checkpoint, words) && has(checkpoint, 'cls.predictions.decoder.bias'),
  readConfig: readFields,
  writeConfig: writeFields,
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
};

/** Files of HazyResearch/m2's BertForSequenceClassification. */
export const m2BertClassifierLayout: CheckpointLayout<M2BertClassifierConfig> = {
  ...shared,
  name: 'm2-bert-classifier',
  recognizes: (checkpoint) => has(checkpoint, words) && has(checkpoint, 'classifier.weight'),
  readConfig(checkpoint) {
    const json = (checkpoint.config ?? {}) as Record<string, never>;
    const labels = [...checkpoint.tensors].find(([name]) => name.endsWith('classifier.weight'));
    const withoutToken = json.pool_all ? 'mean' : 'first';
    return resolveM2BertClassifierConfig({
      ...readFields(checkpoint),
      numLabels: json.num_labels ?? labels?.[1].shape[0],
      pooling: json.use_cls_token ? 'token' : withoutToken,
      normalizedEmbeddings: json.use_normalized_embeddings ?? false,
    });
  },
  writeConfig: (config) => ({
    ...writeFields(config),
    num_labels: config.numLabels,
    pool_all: config.pooling === 'mean',
    use_cls_token: config.pooling === 'token',
    use_normalized_embeddings: config.normalizedEmbeddings,
  }),
  tensors(config, checkpoint) {
    const prefix = prefixOf(checkpoint);
    return [
      ...encoderTensors(config, prefix),
      ...linear(`${prefix}bert.pooler.dense`, 'head/pooler'),
      ...linear(`${prefix}classifier`, 'head/classifier'),
    ];
  },
};
