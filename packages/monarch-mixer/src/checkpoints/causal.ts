import {type Checkpoint, CheckpointError, type CheckpointLayout, type TensorMapping} from '@variants/core';
import {type MonarchMixerConfig, resolveConfig} from '../config';
import {feedForwardTensors, mixerBuffers, mixerTensors, norm} from './parts';

/** Ours and M2-BERT's names of the fields that both have. */
const fieldNames = {
  vocabSize: 'vocab_size',
  hiddenSize: 'hidden_size',
  numLayers: 'num_hidden_layers',
  intermediateSize: 'intermediate_size',
  maxSequenceLength: 'long_conv_l_max',
  residualConvolution: 'residual_long_conv',
  gated: 'use_glu_mlp',
  numBlocks: 'monarch_mlp_nblocks',
  positionSize: 'hyena_emb_dim',
  filterSize: 'hyena_filter_order',
  frequency: 'hyena_w',
  frequencyScale: 'hyena_w_mod',
  basisBlock: 'causal_monarch_block',
  tieEmbedding: 'tie_word_embeddings',
  normEpsilon: 'layer_norm_eps',
  dropout: 'hidden_dropout_prob',
} satisfies {[field in keyof MonarchMixerConfig]?: string};

const modelType = 'monarch-mixer-causal';

function readConfig({name, config}: Checkpoint): MonarchMixerConfig {
  if (config?.model_type !== modelType)
    throw new CheckpointError(
      `${name}: model_type is ${JSON.stringify(config?.model_type)}, but must be "${modelType}"`,
    );
  const entries = Object.entries(fieldNames).map(([ours, theirs]) => [ours, config[theirs]]);
  return resolveConfig({...Object.fromEntries(entries), trainPositions: config.hyena_lr_pos_emb !== 0});
}

const writeConfig = (config: MonarchMixerConfig): Record<string, unknown> => ({
  model_type: modelType,
  bidirectional: false,
  hyena_lr_pos_emb: config.trainPositions ? 1e-5 : 0,
  ...Object.fromEntries(
    Object.entries(fieldNames).map(([ours, theirs]) => [theirs, config[ours as keyof typeof fieldNames]]),
  ),
});

const mixerShape = (config: MonarchMixerConfig) => ({...config, bidirectional: false, trainingAdditions: false});

/** The factors of the bases of a mixer's convolutions. */
function basisTensors({residualConvolution}: MonarchMixerConfig, theirs: string, ours: string): TensorMapping[] {
  const convolutions = [
    ['filter_fn', 'convolution'],
    ...(residualConvolution ? [['filter_fn2', 'residual_convolution']] : []),
  ];
  return convolutions.flatMap(([filter, convolution]) => [
    {theirs: `${theirs}${filter}.L`, ours: `${ours}${convolution}/places`},
    {theirs: `${theirs}${filter}.R`, ours: `${ours}${convolution}/groups`},
  ]);
}

function blockTensors(config: MonarchMixerConfig, theirs: string, ours: string): TensorMapping[] {
  return [
    ...norm(`${theirs}.attention_norm`, `${ours}/mixer_norm`),
    ...mixerTensors(mixerShape(config), `${theirs}.attention.`, `${ours}/mixer/`),
    ...(config.basisBlock === null ? [] : basisTensors(config, `${theirs}.attention.`, `${ours}/mixer/`)),
    ...norm(`${theirs}.mlp_norm`, `${ours}/feed_forward_norm`),
    ...feedForwardTensors(config.numBlocks, `${theirs}.mlp.`, `${ours}/feed_forward/`),
  ];
}

/** Files of causal models. No code of theirs was published: the parts have the names that they have in M2-BERT. */
export const causalLayout: CheckpointLayout<MonarchMixerConfig> = {
  name: 'monarch-mixer',
  recognizes: ({tensors}) => tensors.has('embeddings.weight') && tensors.has('layers.0.attention.filter_fn.bias'),
  readConfig,
  writeConfig,
  tensors: (config) => [
    {theirs: 'embeddings.weight', ours: 'embedding/table'},
    ...Array.from({length: config.numLayers}, (_, i) => blockTensors(config, `layers.${i}`, `block_${i}`)).flat(),
    ...norm('final_norm', 'final_norm'),
    ...(config.tieEmbedding ? [] : [{theirs: 'head.weight', ours: 'head/kernel', transpose: true}]),
  ],
  buffers: (config) =>
    Object.assign(
      {},
      ...Array.from({length: config.numLayers}, (_, i) => mixerBuffers(mixerShape(config), `layers.${i}.attention.`)),
    ),
};
