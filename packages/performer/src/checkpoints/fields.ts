/** Configurations in the field names of performer-pytorch. */
import {type AuthorsConfig, CheckpointError, type FieldTable} from '@variants/core';
import type {BothWaysFields, CausalFields, PerformerStackFields} from '../config';
import type {NormKind} from '../layers/norms';
import type {PositionKind} from '../layers/positions';
import type {FeatureKind, KernelFunction} from '../ops/features';

/** Functions by their names in files, where they cannot stand as themselves. */
const kernels: {readonly [name: string]: KernelFunction} = {relu: 'relu', exp: 'exp', gelu: 'gelu', elu1: 'elu'};

function featuresOf(
  {no_projection, generalized_attention, kernel_fn = 'relu'}: AuthorsConfig,
  file: string,
): FeatureKind {
  if (no_projection) return 'none';
  if (!generalized_attention) return 'softmax';
  const name = String(kernel_fn);
  if (Object.hasOwn(kernels, name)) return kernels[name];
  throw new CheckpointError(
    `${file}: kernel_fn ${JSON.stringify(kernel_fn)} is unknown; known are ${Object.keys(kernels).join(', ')}`,
  );
}

function writeFeatures(features: FeatureKind): AuthorsConfig {
  const kernel = Object.keys(kernels).find((name) => kernels[name] === features);
  return {
    no_projection: features === 'none',
    generalized_attention: kernel !== undefined,
    ...(kernel && {kernel_fn: kernel}),
  };
}

function positionsOf({rotary_position_emb = true, axial_position_emb}: AuthorsConfig): PositionKind {
  if (rotary_position_emb) return 'rotary';
  return axial_position_emb ? 'axial' : 'learned';
}

function normOf({use_scalenorm, use_rezero}: AuthorsConfig): NormKind {
  if (use_scalenorm) return 'scale';
  return use_rezero ? 'rezero' : 'layer';
}

/** Number of positions that a table of sinusoids in a file has where our configuration has no limit. */
export const unlimitedPositions = 2048;

/** A stack's fields, and the width that some of theirs are measured by. */
type Stack = PerformerStackFields & CausalFields & BothWaysFields & {hiddenSize: number};

/** The fields of a stack by the authors' names. Defaults are those of their code. */
export const stackTable: FieldTable<Stack> = {
  hiddenSize: {theirs: 'dim', required: true},
  numLayers: {theirs: 'depth', required: true},
  // Does not show in the weights, and a wrong number would not either.
  numHeads: {theirs: 'heads', required: true},
  headSize: {theirs: 'dim_head', usual: 64},
  numFeatures: 'nb_features',
  features: {from: featuresOf, to: writeFeatures},
  redrawInterval: {
    from: ({feature_redraw_interval = 1000}) => feature_redraw_interval,
    to: (interval) => ({feature_redraw_interval: interval}),
  },
  positions: {
    from: positionsOf,
    to: (positions) => ({
      rotary_position_emb: positions === 'rotary',
      axial_position_emb: positions === 'axial',
    }),
  },
  axialShape: {
    from: (json) => (positionsOf(json) === 'axial' ? json.axial_position_shape : null),
    to: (shape) => ({axial_position_shape: shape}),
  },
  maxSequenceLength: {theirs: 'max_seq_len', write: (length) => length ?? unlimitedPositions},
  localHeads: 'local_attn_heads',
  localWindow: 'local_window_size',
  intermediateSize: {
    from: ({ff_mult, dim}) => Number(ff_mult ?? 4) * Number(dim),
    to: (width, {hiddenSize}) => ({ff_mult: width / hiddenSize}),
  },
  gated: {theirs: 'ff_glu', usual: false},
  norm: {from: normOf, to: (norm) => ({use_scalenorm: norm === 'scale', use_rezero: norm === 'rezero'})},
  shiftTokens: {theirs: 'shift_tokens', usual: false},
  reversible: {theirs: 'reversible', usual: false},
  useBias: {theirs: 'qkv_bias', usual: false},
  useOutputBias: {theirs: 'attn_out_bias', usual: false},
  dropout: {theirs: 'attn_dropout', also: ['ff_dropout'], usual: 0},
  // What their code does. A model of ours that does otherwise says so in its own names.
  stabilizer: {from: () => 'sequence'},
  padding: {from: () => 'valueless'},
  localForm: {from: () => '1.4'},
};
