import {defineLayout, mappings} from '@variants/core';
import {type ConformerConfig, resolveConformerConfig} from '../config';
import {always} from './fields';
import {type AttentionNames, attentionTensors, type BlockNames, blockTensors, frontTensors} from './tensors';

const feedForward = (i: number) => ({
  norm: `sequential.${i}.module.sequential.0`,
  up: `sequential.${i}.module.sequential.1.linear`,
  down: `sequential.${i}.module.sequential.4.linear`,
});

const convolution = (name: string) => `sequential.2.module.sequential.${name}`;

/** The names in attention. */
export const sooftwareAttention: AttentionNames = {
  ...{queries: 'query_proj.linear', keys: 'key_proj.linear', values: 'value_proj.linear', output: 'out_proj.linear'},
  ...{positions: 'pos_proj.linear', contentBias: 'u_bias', positionBias: 'v_bias'},
};

/** The names of a block. */
const names: BlockNames = {
  feedForwards: [feedForward(0), feedForward(3)],
  attentionNorm: 'sequential.1.module.layer_norm',
  attention: attentionTensors(sooftwareAttention, 'sequential.1.module.attention'),
  convolution: {
    normIn: convolution('0'),
    gate: convolution('2.conv'),
    depthwise: convolution('4.conv'),
    norm: convolution('5'),
    output: convolution('7.conv'),
  },
  finalNorm: 'sequential.4',
};

/** github.com/sooftware/conformer, a whole model. */
export const sooftwareLayout = defineLayout<ConformerConfig>({
  name: 'sooftware',
  recognizes: ({tensors}) => tensors.has('encoder.layers.0.sequential.0.module.sequential.1.linear.weight'),
  fields: {
    vocabSize: {theirs: 'num_classes', required: true},
    inputSize: {theirs: 'input_dim', usual: 80},
    hiddenSize: {theirs: 'encoder_dim', usual: 512},
    numLayers: {theirs: 'num_encoder_layers', usual: 17},
    numHeads: {theirs: 'num_attention_heads', usual: 8},
    intermediateSize: {
      from: ({encoder_dim = 512, feed_forward_expansion_factor = 4}) =>
        (encoder_dim as number) * (feed_forward_expansion_factor as number),
      to: (size, {hiddenSize}) => ({feed_forward_expansion_factor: size / hiddenSize}),
    },
    kernelSize: {theirs: 'conv_kernel_size', usual: 31},
    halfSteps: {theirs: 'half_step_residual', usual: true},
    dropout: {
      theirs: 'feed_forward_dropout_p',
      also: ['input_dropout_p', 'conv_dropout_p'],
      usual: 0.1,
    },
    attentionDropout: {theirs: 'attention_dropout_p', usual: 0.1},
    depthwiseBias: always(false),
    headBias: always(false),
    padding: always('ignored'),
    lengths: always('quarter'),
  },
  only: {conv_expansion_factor: 2},
  constants: {conv_expansion_factor: 2},
  tensors: (config) => [
    ...frontTensors(config, {
      convolutions: ['encoder.conv_subsample.sequential.0', 'encoder.conv_subsample.sequential.2'],
      projection: 'encoder.input_projection.0.linear',
      finalNorm: 'encoder.final_norm',
      head: 'fc.linear',
    }),
    ...mappings.blocks(config.numLayers, 'encoder.layers', (theirs, ours) => blockTensors(config, names, theirs, ours)),
  ],
  resolve: resolveConformerConfig,
});
