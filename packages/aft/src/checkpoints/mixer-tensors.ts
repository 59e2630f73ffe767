import type {TensorMapping} from '@variants/core';

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
