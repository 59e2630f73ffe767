/**
 * What the files of models and of single mixers have alike: the fields of their configurations, and the tensors of blocks and
 * mixers.
 */
import {type FieldTable, mappings, type StackFields, type TensorMapping} from '@variants/core';
import type {MixerFields} from '../config';

const {linear, linears, norm} = mappings;

const hasPositionBiases = (variant: unknown) => variant === 'full' || variant === 'local';

/** The fields of a mixer. A window or heads may stand in the configuration of another variant too. */
export const mixerFields: FieldTable<MixerFields> = {
  variant: 'type',
  hiddenSize: {theirs: 'dim', required: true},
  mixerSize: 'hidden_dim',
  useBias: 'bias',
  windowSize: {
    from: ({type, window}) => (type === 'local' ? window : 0),
    to: (window, {variant}) => (variant === 'local' ? {window} : {}),
  },
  // Without, the biases are a matrix.
  factorSize: {
    from: ({type, factor_dim}) => (hasPositionBiases(type) ? (factor_dim ?? 0) : 0),
    to: (columns) => (columns > 0 ? {factor_dim: columns} : {}),
  },
  numHeads: {
    from: ({type, heads}) => (type === 'conv' ? heads : 0),
    to: (heads, {variant}) => (variant === 'conv' ? {heads} : {}),
  },
  kernelSize: {
    from: ({type, kernel_size}) => (type === 'conv' ? kernel_size : 0),
    to: (taps, {variant}) => (variant === 'conv' ? {kernel_size: taps} : {}),
  },
  kernelEpsilon: {
    theirs: 'conv_eps',
    write: (epsilon, {variant}) => (variant === 'conv' ? epsilon : undefined),
  },
};

/** The fields of a model's blocks, which language models and image models have alike. */
export const blockFields: FieldTable<MixerFields & StackFields> = {
  ...mixerFields,
  numLayers: 'depth',
  intermediateSize: {
    from: ({dim, mlp_ratio}) => (mlp_ratio == null ? undefined : Math.round((mlp_ratio as number) * (dim as number))),
    to: (width, {hiddenSize}) => ({mlp_ratio: width / hiddenSize}),
  },
  normEpsilon: 'layer_norm_eps',
  dropout: 'dropout',
};

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
  const {queries, keys, values, output, position_bias} = names;
  const own = (pairs: {[our: string]: string}) =>
    Object.entries(pairs).map(([our, their]) => ({theirs: theirs + their, ours: `${ours}/${our}`}));
  const biases: {[variant: string]: {[our: string]: string}} = {
    simple: {},
    full: factorSize === 0 ? {position_bias} : {row_factors: 'u', column_factors: 'v'},
    conv: {taps: 'conv_w', gamma: 'conv_gamma', beta: 'conv_beta'},
  };
  return [
    ...linear(theirs + queries, `${ours}/queries`, {useBias}),
    ...linear(theirs + keys, `${ours}/keys`, {useBias}),
    ...linear(theirs + values, `${ours}/values`, {useBias}),
    ...linear(theirs + output, `${ours}/output`),
    ...own(biases[variant === 'local' ? 'full' : variant]),
  ];
}

/** The weights of all blocks. */
export function blockTensors(config: MixerWeights & {numLayers: number}): TensorMapping[] {
  return mappings.blocks(config.numLayers, 'blocks', (theirs, ours) => [
    ...norm(`${theirs}.ln1`, `${ours}/mixer_norm`),
    ...mixerTensors(config, `${theirs}.aft.`, `${ours}/mixer`),
    ...norm(`${theirs}.ln2`, `${ours}/feed_forward_norm`),
    ...linears(theirs, `${ours}/feed_forward`, {up: 'fc1', down: 'fc2'}),
  ]);
}
