/**
 * What the files of models and of single mixers have alike: the fields of their configurations, and the tensors of blocks and
 * mixers.
 */
import {type Checkpoint, CheckpointError, type TensorMapping} from '@variants/core';
import type {MixerFields} from '../config';

/** A configuration as files hold it. */
export type FileConfig = {readonly [field: string]: unknown};

/** The config.json of a checkpoint. */
export function configOf({config, name}: Checkpoint): FileConfig {
  if (!config) throw new CheckpointError(`${name}: has no config.json, which says the variant and its sizes`);
  return config;
}

/** Fields of a mixer in our names; those that are not given are undefined. */
export function readMixerFields(json: FileConfig): Partial<MixerFields> {
  const {type, dim, hidden_dim, bias, window, factor_dim, heads, kernel_size, conv_eps} = json;
  const hasBiases = type === 'full' || type === 'local';
  return {
    variant: type,
    hiddenSize: dim,
    mixerSize: hidden_dim ?? undefined,
    useBias: bias ?? undefined,
    // A window or a kernel may stand in the configuration of another variant too.
    windowSize: type === 'local' ? window : 0,
    // Without, the biases are a matrix.
    factorSize: hasBiases ? (factor_dim ?? 0) : 0,
    numHeads: type === 'conv' ? heads : 0,
    kernelSize: type === 'conv' ? kernel_size : 0,
    kernelEpsilon: conv_eps ?? undefined,
  } as Partial<MixerFields>;
}

/** The same in the fields of files. */
export function writeMixerFields(config: MixerFields): FileConfig {
  const {variant, windowSize, factorSize, numHeads, kernelSize, kernelEpsilon} = config;
  return {
    model_type: 'aft',
    type: variant,
    dim: config.hiddenSize,
    hidden_dim: config.mixerSize,
    bias: config.useBias,
    ...(variant === 'local' && {window: windowSize}),
    ...(factorSize > 0 && {factor_dim: factorSize}),
    ...(variant === 'conv' && {heads: numHeads, kernel_size: kernelSize, conv_eps: kernelEpsilon}),
  };
}

/** Fields of a model's blocks, which language models and image models have alike. */
export interface BlockFields {
  hiddenSize: number;
  numLayers: number;
  intermediateSize: number;
  normEpsilon: number;
  dropout: number;
}

/** Fields of a model's blocks in our names; those that are not given are undefined. */
export function readBlockFields(json: FileConfig): Partial<BlockFields> {
  const {dim, depth, mlp_ratio, layer_norm_eps, dropout} = json as {[field: string]: number | undefined};
  return {
    numLayers: depth,
    intermediateSize: dim !== undefined && mlp_ratio !== undefined ? Math.round(mlp_ratio * dim) : undefined,
    normEpsilon: layer_norm_eps,
    dropout,
  };
}

/** The same in the fields of files. */
export function writeBlockFields(config: BlockFields): FileConfig {
  return {
    depth: config.numLayers,
    mlp_ratio: config.intermediateSize / config.hiddenSize,
    layer_norm_eps: config.normEpsilon,
    dropout: config.dropout,
  };
}

/** What decides on the weights of a mixer. */
export interface MixerWeights {
  variant: string;
  useBias: boolean;
  /** Of full and local. */
  factorSize: number;
}

/** The names of a mixer's weights in files. */
export interface MixerNames {
  queries: string;
  keys: string;
  values: string;
  output: string;
  position_bias: string;
}

/** The names of rish-16/aft-pytorch, which most implementations took over. */
export const usualNames: MixerNames = {
  queries: 'to_q',
  keys: 'to_k',
  values: 'to_v',
  output: 'project',
  position_bias: 'wbias',
};

/** The names of labml's annotated implementation. */
export const labmlNames: MixerNames = {
  queries: 'query',
  keys: 'key',
  values: 'value',
  output: 'output',
  position_bias: 'pos_bias',
};

/** A matrix [out, in] of theirs that is a layer's kernel [in, out]. */
export const matrix = (theirs: string, ours: string): TensorMapping => ({
  theirs: `${theirs}.weight`,
  ours: `${ours}/kernel`,
  transpose: true,
});

/** A bias of theirs. */
export const bias = (theirs: string, ours: string): TensorMapping => ({
  theirs: `${theirs}.bias`,
  ours: `${ours}/bias`,
});

/** Weight and bias of a layer norm of theirs. */
export const norm = (theirs: string, ours: string): TensorMapping[] => [
  {theirs: `${theirs}.weight`, ours: `${ours}/weight`},
  bias(theirs, ours),
];

/**
 * The weights of a mixer.
 * @param theirs What stands before their names: 'blocks.0.aft.'.
 * @param ours Our layer's path: 'block_0/mixer'.
 */
export function mixerTensors(
  {variant, useBias, factorSize}: MixerWeights,
  theirs: string,
  ours: string,
  names = usualNames,
): TensorMapping[] {
  const linear = (name: 'queries' | 'keys' | 'values' | 'output', hasBias: boolean) => {
    const [their, our] = [theirs + names[name], `${ours}/${name}`];
    return [matrix(their, our), ...(hasBias ? [bias(their, our)] : [])];
  };
  const own = (pairs: {[our: string]: string}) =>
    Object.entries(pairs).map(([our, their]) => ({theirs: theirs + their, ours: `${ours}/${our}`}));
  const biases: {[variant: string]: {[our: string]: string}} = {
    simple: {},
    full: factorSize === 0 ? {position_bias: names.position_bias} : {row_factors: 'u', column_factors: 'v'},
    conv: {taps: 'conv_w', gamma: 'conv_gamma', beta: 'conv_beta'},
  };
  return [
    ...linear('queries', useBias),
    ...linear('keys', useBias),
    ...linear('values', useBias),
    ...linear('output', true),
    ...own(biases[variant === 'local' ? 'full' : variant]),
  ];
}

/** The weights of a block: `blocks.<i>` of theirs. */
export function blockTensors(config: MixerWeights, index: number): TensorMapping[] {
  const [theirs, ours] = [`blocks.${index}`, `block_${index}`];
  const linear = (their: string, our: string) => [
    matrix(`${theirs}.${their}`, `${ours}/feed_forward/${our}`),
    bias(`${theirs}.${their}`, `${ours}/feed_forward/${our}`),
  ];
  return [
    ...norm(`${theirs}.ln1`, `${ours}/mixer_norm`),
    ...mixerTensors(config, `${theirs}.aft.`, `${ours}/mixer`),
    ...norm(`${theirs}.ln2`, `${ours}/feed_forward_norm`),
    ...linear('fc1', 'up'),
    ...linear('fc2', 'down'),
  ];
}
