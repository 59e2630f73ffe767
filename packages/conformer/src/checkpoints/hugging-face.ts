import {type Checkpoint, CheckpointError, defineLayout, mappings, rotaryFrequencies} from '@variants/core';
import {type ConformerConfig, resolveConformerConfig} from '../config';
import {activationField, always} from './fields';
import {type BlockNames, blockTensors, espnetAttention, waveformTensors} from './tensors';

const {blocks, linear, norm} = mappings;

const feedForward = (name: string) => ({
  norm: `${name}_layer_norm`,
  up: `${name}.intermediate_dense`,
  down: `${name}.output_dense`,
});

/** The names of a block. */
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

/** Stands before all names but the head's where the encoder is a part of a model. */
const inModel = 'wav2vec2_conformer.';
const firstBlock = 'encoder.layers.0.ffn1.intermediate_dense.weight';

/** What stands before the encoder's names. */
const prefixOf = ({vocabSize}: ConformerConfig, checkpoint?: Checkpoint) =>
  (checkpoint ? checkpoint.tensors.has(inModel + firstBlock) : vocabSize !== null) ? inModel : '';

/** Kinds of positions by theirs. */
function readPositions(theirs: unknown, file: string): ConformerConfig['positions'] {
  if (theirs === null) return 'none';
  if (theirs === undefined || theirs === 'relative') return 'relative';
  if (theirs === 'rotary') return 'rotary';
  throw new CheckpointError(
    `${file}: position_embeddings_type ${JSON.stringify(theirs)} is unknown; known are relative, rotary, null`,
  );
}

const repeated = (count: number, value: number) => Array<number>(count).fill(value);

/** Wav2Vec2ConformerForCTC, or its encoder alone, of Hugging Face's library; what only training needs is left out. */
export const huggingFaceLayout = defineLayout<ConformerConfig>({
  name: 'wav2vec2-conformer',
  recognizes: ({tensors}) => tensors.has(inModel + firstBlock) || tensors.has(firstBlock),
  fields: {
    vocabSize: {
      to: (vocabSize) => ({
        ...(vocabSize === null ? {} : {vocab_size: vocabSize}),
        architectures: [vocabSize === null ? 'Wav2Vec2ConformerModel' : 'Wav2Vec2ConformerForCTC'],
      }),
    },
    blank: {theirs: 'pad_token_id', usual: 0},
    inputSize: always(null),
    frontEnd: {
      from: (json) => ({
        channels: json.conv_dim ?? repeated(7, 512),
        kernelSizes: json.conv_kernel ?? [10, 3, 3, 3, 3, 2, 2],
        strides: json.conv_stride ?? [5, ...repeated(6, 2)],
        useBias: json.conv_bias ?? false,
        norm: json.feat_extract_norm ?? 'group',
      }),
      to: (front) =>
        typeof front === 'object'
          ? {
              ...{conv_dim: front.channels, conv_kernel: front.kernelSizes, conv_stride: front.strides},
              ...{
                conv_bias: front.useBias,
                feat_extract_norm: front.norm,
                num_feat_extract_layers: front.channels.length,
              },
            }
          : {},
    },
    hiddenSize: {theirs: 'hidden_size', usual: 768},
    numLayers: {theirs: 'num_hidden_layers', usual: 12},
    numHeads: {theirs: 'num_attention_heads', usual: 12},
    intermediateSize: {theirs: 'intermediate_size', usual: 3072},
    activation: activationField('hidden_act', 'gelu'),
    positions: {
      from: ({position_embeddings_type: kind}, file) => readPositions(kind, file),
      to: (kind) => ({position_embeddings_type: kind === 'relative' || kind === 'rotary' ? kind : null}),
    },
    kernelSize: {theirs: 'conv_depthwise_kernel_size', usual: 31},
    normEpsilon: {theirs: 'layer_norm_eps', usual: 1e-5},
    dropout: {theirs: 'hidden_dropout', also: ['activation_dropout', 'conformer_conv_dropout'], usual: 0.1},
    attentionDropout: {theirs: 'attention_dropout', usual: 0.1},
    pointwiseBias: always(false),
    depthwiseBias: always(false),
    finalNorm: always(true),
    padding: always('zeroed'),
  },
  only: {add_adapter: false, feat_extract_activation: 'gelu', rotary_embedding_base: 10000},
  constants: {
    ...{model_type: 'wav2vec2-conformer', add_adapter: false, feat_extract_activation: 'gelu'},
    ...{rotary_embedding_base: 10000},
  },
  fromTensors: {
    names: ['vocabSize'],
    read: ({tensors}) => ({vocabSize: tensors.get('lm_head.weight')?.shape[0] ?? null}),
  },
  ignored: [/masked_spec_embed$/, /\.pos_conv_embed\./, /\.inv_freq$/, /^quantizer\./, /^project_(hid|q)\./],
  buffers: (config): Record<string, {shape: number[]; data: Float32Array}> => {
    if (config.positions !== 'rotary') return {};
    const frequencies = rotaryFrequencies(config.hiddenSize / config.numHeads);
    const data = Float32Array.from(frequencies);
    return {[`${prefixOf(config)}encoder.embed_positions.inv_freq`]: {shape: [data.length], data}};
  },
  tensors: (config, checkpoint) => {
    const prefix = prefixOf(config, checkpoint);
    return [
      ...waveformTensors(config, prefix),
      ...blocks(config.numLayers, `${prefix}encoder.layers`, (theirs, ours) =>
        blockTensors(config, names, theirs, ours),
      ),
      ...(config.finalNorm ? norm(`${prefix}encoder.layer_norm`, 'final_norm') : []),
      ...(config.vocabSize === null ? [] : linear('lm_head', 'head', {useBias: config.headBias})),
    ];
  },
  resolve: resolveConformerConfig,
});
