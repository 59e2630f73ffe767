import {
  type AuthorsConfig,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  defineLayout,
  type FieldTable,
  mappings,
  type TensorMapping,
} from '@variants/core';
import {type ConformerConfig, resolveConformerConfig} from '../config';
import {activationField, always} from './fields';
import {type BlockNames, blockTensors, espnetAttention, frontTensors} from './tensors';

const convolution = (name: string) => `conv_module.${name}`;

/** The names of a block in WeNet's and ESPnet's files. */
const names: BlockNames = {
  feedForwards: [
    {norm: 'norm_ff_macaron', up: 'feed_forward_macaron.w_1', down: 'feed_forward_macaron.w_2'},
    {norm: 'norm_ff', up: 'feed_forward.w_1', down: 'feed_forward.w_2'},
  ],
  attentionNorm: 'norm_mha',
  attention: espnetAttention,
  convolution: {
    normIn: 'norm_conv',
    gate: convolution('pointwise_conv1'),
    depthwise: convolution('depthwise_conv'),
    norm: convolution('norm'),
    output: convolution('pointwise_conv2'),
  },
  finalNorm: 'norm_final',
};

/** Their configuration with the encoder's own fields beside the others: a recipe has those under `encoder_conf`. */
const flat = ({config}: Checkpoint): AuthorsConfig | null =>
  config && {...config, ...(config.encoder_conf as object | undefined)};

/** Which of their files this is: ESPnet's name its tokens or the kind of relative positions. */
const isEspnet = (json: AuthorsConfig | null) => json !== null && ('token_list' in json || 'rel_pos_type' in json);

const isOfBoth = ({tensors}: Checkpoint) => tensors.has('encoder.encoders.0.norm_ff_macaron.weight');

/** A count that stands for none below 1, in the first of some fields that there is. */
const countOf = (...values: unknown[]): unknown => {
  const given = values.find((value) => typeof value === 'number' && value > 0);
  return given ?? null;
};

/** Decoders, and tables that are computed. */
const ignored = [/^decoder\./, /^encoder\.embed\.pos_enc\.pe$/, /^frontend\./, /^specaug\./];

/** Fields that both have. */
const shared: FieldTable<ConformerConfig> = {
  hiddenSize: {theirs: 'output_size', usual: 256},
  numHeads: {theirs: 'attention_heads', usual: 4},
  intermediateSize: {theirs: 'linear_units', usual: 2048},
  activation: activationField('activation_type', 'swish'),
  dropout: {theirs: 'dropout_rate', also: ['positional_dropout_rate'], usual: 0.1},
  attentionDropout: {theirs: 'attention_dropout_rate', usual: 0},
  // Positions of theirs scale, but where there are none.
  scaleInput: {from: ({pos_enc_layer_type}) => pos_enc_layer_type !== 'no_pos'},
  finalNorm: always(true),
};

/** What tensors tell: whether there are statistics of features, one of which is `mean`, and a head. */
const toldBy = (mean: string) => ({
  names: ['normalizesInput', 'vocabSize'] as const,
  read: ({tensors}: Checkpoint) => ({
    normalizesInput: tensors.has(mean),
    vocabSize: tensors.get('ctc.ctc_lo.weight')?.shape[0] ?? null,
  }),
});

const only: AuthorsConfig = {macaron_style: true, use_cnn_module: true, normalize_before: true, input_layer: 'conv2d'};

const tensorsWith = (statistics?: readonly TensorMapping[]) => (config: ConformerConfig) => [
  ...frontTensors(config, {
    statistics,
    convolutions: ['encoder.embed.conv.0', 'encoder.embed.conv.2'],
    projection: 'encoder.embed.out.0',
    finalNorm: 'encoder.after_norm',
    head: 'ctc.ctc_lo',
  }),
  ...mappings.blocks(config.numLayers, 'encoder.encoders', (theirs, ours) => blockTensors(config, names, theirs, ours)),
];

/** github.com/wenet-e2e/wenet: the encoder and the head for CTC; a decoder in the file is left out. */
export const wenetLayout: CheckpointLayout<ConformerConfig> = defineLayout<ConformerConfig>({
  name: 'wenet',
  recognizes: (checkpoint) => isOfBoth(checkpoint) && !isEspnet(flat(checkpoint)),
  authorsConfig: flat,
  fields: {
    ...shared,
    vocabSize: {to: (vocabSize) => (vocabSize === null ? {} : {vocab_size: vocabSize})},
    inputSize: {
      from: ({input_size, input_dim}) => input_size ?? input_dim ?? 80,
      to: (inputSize) => ({input_size: inputSize}),
    },
    numLayers: {theirs: 'num_blocks', usual: 6},
    kernelSize: {theirs: 'cnn_module_kernel', usual: 15},
    causal: {theirs: 'causal', usual: false},
    convolutionNorm: {
      from: ({cnn_module_norm = 'batch_norm'}) => (cnn_module_norm === 'layer_norm' ? 'layer' : 'batch'),
      to: (kind) => ({cnn_module_norm: `${kind}_norm`}),
    },
    positions: {
      // Their rel_selfattn takes the key's own position, not the distance.
      from: (json, file) => readPositions(json, 'key', file),
      to: (kind, {scaleInput}) => positionFields(kind, scaleInput),
    },
    chunkSize: {
      from: ({decoding_chunk_size, static_chunk_size}) => countOf(decoding_chunk_size, static_chunk_size),
      to: (chunkSize) => ({decoding_chunk_size: chunkSize ?? -1}),
    },
    leftChunks: {
      from: ({decoding_chunk_size, static_chunk_size, num_decoding_left_chunks: left}) =>
        countOf(decoding_chunk_size, static_chunk_size) !== null && typeof left === 'number' && left >= 0 ? left : null,
      to: (leftChunks) => ({num_decoding_left_chunks: leftChunks ?? -1}),
    },
    padding: always('wenet'),
  },
  only,
  constants: only,
  ignored,
  fromTensors: toldBy('encoder.global_cmvn.mean'),
  tensors: tensorsWith(),
  resolve: resolveConformerConfig,
});

/** What positions are by both of their fields; `relative` is what their rel_selfattn computes. */
function readPositions(
  {pos_enc_layer_type: encoding = 'rel_pos', selfattention_layer_type: attention = 'rel_selfattn'}: AuthorsConfig,
  relative: ConformerConfig['positions'],
  file: string,
): ConformerConfig['positions'] {
  const known: {readonly [fields: string]: ConformerConfig['positions']} = {
    'rel_pos rel_selfattn': relative,
    'abs_pos selfattn': 'absolute',
    'rel_pos selfattn': 'none',
    'no_pos selfattn': 'none',
  };
  const found = known[`${encoding} ${attention}`];
  if (found) return found;
  throw new CheckpointError(
    `${file}: pos_enc_layer_type ${JSON.stringify(encoding)} with selfattention_layer_type ${JSON.stringify(attention)} cannot be loaded; these can: ${Object.keys(known).join(', ')}`,
  );
}

function positionFields(kind: ConformerConfig['positions'], isScaled: boolean): AuthorsConfig {
  const [encoding, attention] =
    kind === 'absolute'
      ? ['abs_pos', 'selfattn']
      : kind === 'none'
        ? [isScaled ? 'rel_pos' : 'no_pos', 'selfattn']
        : ['rel_pos', 'rel_selfattn'];
  return {pos_enc_layer_type: encoding, selfattention_layer_type: attention};
}

/** ESPnet's statistics of features: it divides by deviations. */
const globalMvn: readonly TensorMapping[] = [
  {theirs: 'normalize.mean', ours: 'normalization/mean'},
  {theirs: 'normalize.std', ours: 'normalization/scale', reciprocal: true},
];

/**
 * github.com/espnet/espnet (ESPnet 2): the encoder and the head for CTC, in the names that WeNet took over; relative
 * positions are the paper's. Positions of the type 'legacy', from before 2021, compute something else and are refused.
 */
export const espnetLayout: CheckpointLayout<ConformerConfig> = defineLayout<ConformerConfig>({
  name: 'espnet',
  recognizes: (checkpoint) => isOfBoth(checkpoint) && isEspnet(flat(checkpoint)),
  authorsConfig: flat,
  fields: {
    ...shared,
    vocabSize: {},
    inputSize: {
      from: ({input_size, frontend_conf}) =>
        input_size ?? (frontend_conf as {n_mels?: number} | undefined)?.n_mels ?? 80,
      to: (inputSize) => ({input_size: inputSize}),
    },
    numLayers: {theirs: 'num_blocks', usual: 6},
    kernelSize: {theirs: 'cnn_module_kernel', usual: 31},
    positions: {
      from: (json, file) => requireType(json, readPositions(json, 'relative', file), file),
      to: (kind) => positionFields(kind, true),
    },
    // Of their LayerNorms.
    normEpsilon: always(1e-12),
    padding: always('keys'),
  },
  only: {
    ...{...only, rel_pos_type: 'latest', zero_triu: false, positionwise_layer_type: 'linear'},
    ...{'normalize_conf.norm_means': true, 'normalize_conf.norm_vars': true},
  },
  constants: {...only, rel_pos_type: 'latest'},
  ignored,
  fromTensors: toldBy('normalize.mean'),
  tensors: tensorsWith(globalMvn),
  resolve: resolveConformerConfig,
});

/** Throws where a file does not tell which of both kinds of relative positions it has: their default was either. */
function requireType(
  {rel_pos_type}: AuthorsConfig,
  positions: ConformerConfig['positions'],
  file: string,
): ConformerConfig['positions'] {
  if (positions !== 'relative' || rel_pos_type !== undefined) return positions;
  throw new CheckpointError(
    `${file}: rel_pos_type is missing, and was "legacy" or "latest" by default in different versions of ESPnet; write "latest" there if that is what the model was trained with`,
  );
}
