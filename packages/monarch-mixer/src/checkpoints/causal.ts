import {defineLayout, mappings, type TensorMapping} from '@variants/core';
import {type MonarchMixerConfig, resolveMonarchMixerConfig} from '../config';
import {feedForwardTensors, filterFields, mixerBuffers, mixerTensors} from './parts';

const {blocks, embedding, head, norm} = mappings;

const modelType = 'monarch-mixer-causal';

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

/** Files of causal models. No code of theirs was published: fields and parts have the names that they have in M2-BERT. */
export const causalLayout = defineLayout<MonarchMixerConfig>({
  name: 'monarch-mixer',
  recognizes: ({tensors}) => tensors.has('embeddings.weight') && tensors.has('layers.0.attention.filter_fn.bias'),
  fields: {
    ...filterFields,
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: 'hidden_size',
    numLayers: 'num_hidden_layers',
    intermediateSize: 'intermediate_size',
    maxSequenceLength: 'long_conv_l_max',
    residualConvolution: 'residual_long_conv',
    gated: 'use_glu_mlp',
    numBlocks: 'monarch_mlp_nblocks',
    basisBlock: 'causal_monarch_block',
    tieEmbedding: 'tie_word_embeddings',
    normEpsilon: 'layer_norm_eps',
    dropout: 'hidden_dropout_prob',
  },
  only: {model_type: modelType},
  constants: {model_type: modelType, bidirectional: false},
  resolve: resolveMonarchMixerConfig,
  tensors: (config) => [
    ...embedding('embeddings'),
    ...blocks(config.numLayers, 'layers', (theirs, ours) => blockTensors(config, theirs, ours)),
    ...norm('final_norm', 'final_norm'),
    ...head('head', config),
  ],
  buffers: (config) =>
    Object.assign(
      {},
      ...Array.from({length: config.numLayers}, (_, i) => mixerBuffers(mixerShape(config), `layers.${i}.attention.`)),
    ),
});
