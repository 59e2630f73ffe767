import type {TensorMapping} from '@variants/core';
import type {ConformerConfig} from '../config';
import {type BlockNames, blockTensors, espnetAttention} from './tensors';

const feedForward = (name: string) => ({norm: `${name}.layer_norm`, up: `${name}.w_1`, down: `${name}.w_2`});

/** The names of a block in fairseq. */
const names: BlockNames = {
  feedForwards: [feedForward('ffn1'), feedForward('ffn2')],
  attentionNorm: 'self_attn_layer_norm',
  attention: espnetAttention,
  convolution: {
    normIn: 'conv_module.layer_norm',
    gate: 'conv_module.pointwise_conv1',
    depthwise: 'conv_module.depthwise_conv',
    norm: 'conv_module.batch_norm',
    output: 'conv_module.pointwise_conv2',
  },
  finalNorm: 'final_layer_norm',
};

/** The tensors of a block of fairseq's (fairseq.modules.conformer_layer), which Hugging Face's class renamed. */
export const fairseqBlock = (config: ConformerConfig, theirs: string, ours: string): TensorMapping[] =>
  blockTensors(config, names, theirs, ours);
