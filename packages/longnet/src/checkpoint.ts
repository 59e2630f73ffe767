import {
  type AuthorsConfig,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  defineLayout,
  type FieldTable,
  mappings,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {
  type LongNetConfig,
  type LongNetEncoderConfig,
  type LongNetFields,
  resolveLongNetConfig,
  resolveLongNetEncoderConfig,
} from './config';
import {UNUSED_ROWS} from './positions';
import {logScales} from './x-pos';

const {blocks, embedding, head, linears, norm} = mappings;

const positionTable = 'embed_positions.weight';

/** Lists are texts on torchscale's command line. A list for each layer is ours alone. */
const patternList = (theirs: string) => ({
  theirs,
  required: true,
  read(value: unknown, file: string): unknown {
    const list = typeof value === 'string' ? parsed(value) : value;
    if (Array.isArray(list) && list.every((number) => typeof number === 'number')) return list;
    throw new CheckpointError(`${file}: ${theirs} is ${JSON.stringify(value)}, but must be a list of numbers`);
  },
  // Their code knows no list for each layer: the first stands there, and `variants` has all.
  write: (ours: number[] | number[][]) => (Array.isArray(ours[0]) ? ours[0] : ours),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Side = 'decoder' | 'encoder';

/** The fields of a side that both have. */
function fieldsOf(side: Side): FieldTable<LongNetFields> {
  const before = `${side}_normalize_before`;
  return {
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: `${side}_embed_dim`,
    numHeads: {theirs: `${side}_attention_heads`, usual: 12},
    intermediateSize: `${side}_ffn_embed_dim`,
    numLayers: `${side}_layers`,
    segmentLengths: patternList('segment_length'),
    dilations: patternList('dilated_ratio'),
    xPos: {theirs: 'xpos_rel_pos', usual: false},
    xPosScaleBase: {theirs: 'xpos_scale_base', usual: 512},
    activation: namedValues('activation_fn', {gelu: 'gelu', relu: 'relu', swish: 'silu', silu: 'silu'}, 'gelu'),
    normalization: {
      from: (json, file) => readNormalization(json, before, file),
      to: (normalization) => ({[before]: normalization === 'pre', deepnorm: normalization === 'deepnorm'}),
    },
    subLayerNorm: {
      from: ({subln = true, deepnorm}) => subln === true && deepnorm !== true,
      to: (subln) => ({subln}),
    },
    scaleEmbedding: {theirs: 'no_scale_embedding', usual: true, read: (value) => !value, write: (value) => !value},
    embeddingNorm: {theirs: 'layernorm_embedding', usual: false},
    tieEmbedding: {theirs: `share_${side}_input_output_embed`, usual: false},
    normEpsilon: {theirs: 'layernorm_eps', usual: 1e-5},
    attentionDropout: {theirs: 'attention_dropout', usual: 0},
    dropout: {theirs: 'dropout', usual: 0},
  };
}

/** As their configuration corrects itself: DeepNorm has its norms behind, Magneto before. */
function readNormalization({deepnorm, subln = true, ...json}: AuthorsConfig, before: string, file: string): string {
  if (deepnorm === true) return 'deepnorm';
  if (subln === true || (json[before] ?? true) === true) return 'pre';
  throw new CheckpointError(`${file}: ${before} is false, but only true can be loaded without deepnorm`);
}

/** How many positions there are vectors for, which their configuration does not tell. */
const learnedPositions = {
  names: ['learnedPositions'] as const,
  read({tensors}: Checkpoint): {learnedPositions: number | null} {
    const rows = tensors.get(positionTable)?.shape[0];
    return {learnedPositions: rows === undefined ? null : rows - UNUSED_ROWS};
  },
};

const only = {
  moe_freq: 0,
  multiway: false,
  rel_pos_buckets: 0,
  max_rel_pos: 0,
  no_output_layer: false,
};

function tensorsOf(config: LongNetFields & {outputNorm?: boolean}): TensorMapping[] {
  const {numLayers, subLayerNorm, embeddingNorm, normalization, tieEmbedding, outputNorm} = config;
  return [
    ...embedding('embed_tokens'),
    ...(config.learnedPositions === null ? [] : embedding('embed_positions', 'positions')),
    ...(embeddingNorm ? norm('layernorm_embedding', 'embedding_norm') : []),
    ...blocks(numLayers, 'layers', (theirs, ours) => [
      ...norm(`${theirs}.self_attn_layer_norm`, `${ours}/mixer_norm`),
      ...attentionTensors(`${theirs}.self_attn`, `${ours}/mixer`, subLayerNorm),
      ...norm(`${theirs}.final_layer_norm`, `${ours}/feed_forward_norm`),
      ...linears(`${theirs}.ffn`, `${ours}/feed_forward`, {up: 'fc1', down: 'fc2'}),
      ...(subLayerNorm ? norm(`${theirs}.ffn.ffn_layernorm`, `${ours}/feed_forward/norm`) : []),
    ]),
    ...((outputNorm ?? normalization === 'pre') ? norm('layer_norm', 'final_norm') : []),
    ...head('output_projection', {tieEmbedding}),
  ];
}

/** The tensors of dilated attention: theirs begin with `theirs` and a dot, or, where that is empty, with nothing. */
export function attentionTensors(theirs: string, ours: string, subLayerNorm: boolean): TensorMapping[] {
  const prefix = theirs === '' ? '' : `${theirs}.`;
  const names = {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', output: 'out_proj'};
  return [
    ...Object.entries(names).flatMap(([our, their]) => mappings.linear(`${prefix}${their}`, `${ours}/${our}`)),
    ...(subLayerNorm ? norm(`${prefix}inner_attn_ln`, `${ours}/norm`) : []),
  ];
}

/** The buffers of xPos, one for each layer. */
function buffersOf({xPos, numLayers, hiddenSize, numHeads}: LongNetFields) {
  if (!xPos) return {};
  const scales = Float32Array.from(logScales(hiddenSize / numHeads), Math.exp);
  return Object.fromEntries(
    Array.from({length: numLayers}, (_, i) => [
      `layers.${i}.self_attn.xpos.scale`,
      {shape: [scales.length], data: scales},
    ]),
  );
}

const recognizes =
  (side: Side) =>
  ({tensors, config}: Checkpoint): boolean =>
    tensors.has('embed_tokens.weight') &&
    tensors.has('layers.0.self_attn.q_proj.weight') &&
    config !== null &&
    'dilated_ratio' in config &&
    `${side}_embed_dim` in config;

/** Files of microsoft/torchscale's LongNetDecoder. */
export const decoderLayout: CheckpointLayout<LongNetConfig> = defineLayout<LongNetConfig>({
  name: 'torchscale-longnet-decoder',
  recognizes: recognizes('decoder'),
  fields: fieldsOf('decoder'),
  only,
  constants: {model_type: 'longnet', architecture: 'decoder', flash_attention: true},
  fromTensors: learnedPositions,
  resolve: (options) => resolveLongNetConfig(options as LongNetConfig),
  tensors: tensorsOf,
  buffers: buffersOf,
});

/** Files of microsoft/torchscale's LongNetEncoder with an embedding and a head for tokens. */
export const encoderLayout: CheckpointLayout<LongNetEncoderConfig> = defineLayout<LongNetEncoderConfig>({
  name: 'torchscale-longnet-encoder',
  recognizes: recognizes('encoder'),
  fields: {
    ...fieldsOf('encoder'),
    outputNorm: {
      from: ({normalize_output = true, deepnorm}) => normalize_output === true && deepnorm !== true,
      to: (normalize_output) => ({normalize_output}),
    },
  },
  only,
  constants: {model_type: 'longnet', architecture: 'encoder', flash_attention: true},
  fromTensors: learnedPositions,
  resolve: (options) => resolveLongNetEncoderConfig(options as LongNetEncoderConfig),
  tensors: tensorsOf,
  buffers: buffersOf,
});
