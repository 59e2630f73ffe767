import {type Checkpoint, CheckpointError} from '@variants/core';
import type {MixerFields} from '../mixers/mixer-fields';

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
