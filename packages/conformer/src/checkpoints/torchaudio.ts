import {defineLayout, mappings} from '@variants/core';
import {type ConformerConfig, resolveConformerConfig} from '../config';
import {always} from './fields';
import {
  type BlockNames,
  blockTensors,
  type ConvolutionNames,
  espnetPositions,
  frontTensors,
  positionTensors,
} from './tensors';

const feedForward = (name: string) => ({
  norm: `${name}.sequential.0`,
  up: `${name}.sequential.1`,
  down: `${name}.sequential.4`,
});

/** The names in the convolution module. */
export const torchaudioConvolution: ConvolutionNames = {
  normIn: 'layer_norm',
  gate: 'sequential.0',
  depthwise: 'sequential.2',
  norm: 'sequential.3',
  output: 'sequential.5',
};

const inModule = Object.fromEntries(
  Object.entries(torchaudioConvolution).map(([ours, theirs]) => [ours, `conv_module.${theirs}`]),
) as unknown as ConvolutionNames;

/** The names of a block; queries, keys and values are the rows of one matrix. */
const names: BlockNames = {
  feedForwards: [feedForward('ffn1'), feedForward('ffn2')],
  attentionNorm: 'self_attn_layer_norm',
  attention: (config, theirs, ours) => [
    ...['queries', 'keys', 'values'].flatMap((name, i) => {
      const rows = {start: i * config.hiddenSize, total: 3 * config.hiddenSize};
      return [
        {theirs: `${theirs}.self_attn.in_proj_weight`, ours: `${ours}/${name}/kernel`, transpose: true, rows},
        {theirs: `${theirs}.self_attn.in_proj_bias`, ours: `${ours}/${name}/bias`, rows},
      ];
    }),
    ...mappings.linear(`${theirs}.self_attn.out_proj`, `${ours}/output`),
    ...positionTensors(config, espnetPositions, (name) => `${theirs}.self_attn.${name}`, ours),
  ],
  convolution: inModule,
  finalNorm: 'final_layer_norm',
};

/** torchaudio.models.Conformer: an encoder without positions and without a front end. */
export const torchaudioLayout = defineLayout<ConformerConfig>({
  name: 'torchaudio',
  recognizes: ({tensors}) => tensors.has('conformer_layers.0.ffn1.sequential.1.weight'),
  fields: {
    hiddenSize: {theirs: 'input_dim', required: true},
    inputSize: {from: ({input_dim}) => input_dim},
    numHeads: {theirs: 'num_heads', required: true},
    intermediateSize: {theirs: 'ffn_dim', required: true},
    numLayers: {theirs: 'num_layers', required: true},
    kernelSize: {theirs: 'depthwise_conv_kernel_size', required: true},
    dropout: {theirs: 'dropout', usual: 0},
    convolutionNorm: {
      from: ({use_group_norm = false}) => (use_group_norm === true ? 'group' : 'batch'),
      to: (kind) => ({use_group_norm: kind === 'group'}),
    },
    convolutionFirst: {theirs: 'convolution_first', usual: false},
    frontEnd: always('none'),
    positions: always('none'),
    padding: always('keys'),
  },
  tensors: (config) => [
    ...frontTensors(config, {
      convolutions: ['subsampling.0', 'subsampling.2'],
      ...{projection: 'input_linear', finalNorm: 'final_norm', head: 'output_linear'},
    }),
    ...mappings.blocks(config.numLayers, 'conformer_layers', (theirs, ours) =>
      blockTensors(config, names, theirs, ours),
    ),
  ],
  resolve: resolveConformerConfig,
});
