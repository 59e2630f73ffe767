/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864).
 *
 *     d      features of a head that turn, an even number           n   position
 *     θ_i    base^(-2i/d), i = 0 .. d/2 - 1: radians per position of pair i, stretched by a scaling
 *     f      what a scaling multiplies cosines and sines with
 *
 * A pair (u, w) at position n becomes f (u cos nθ - w sin nθ, u sin nθ + w cos nθ), so that the product of a query and a key
 * depends on their distance alone. Pairs are neighbours (2i, 2i + 1), 'interleaved', or (i, i + d/2), 'halves'.
 */
import * as tf from '@tensorflow/tfjs';
import {
  anglesAt,
  checkRopeScaling,
  fields,
  isList,
  type RopeScaling,
  type RotaryPairing,
  type RotaryTables,
  requireArgument,
  requireTensors,
  resolveFields,
  ropeScalingField,
  rotaryEmbedding,
  rotaryTables,
  ShapeError,
  scaledAngles,
} from '@variants/core';

/** Positions: numbers, one for each row of x; or int32 on the device, [time], or [batch, time] where rows have their own. */
export type RotaryPositions = ArrayLike<number> | tf.Tensor;

/** Options of {@link rotary}. */
export interface RotaryOptions {
  /** Features d that turn, even; those behind them stay as they are. Default: all. */
  size?: number;
  /** Default 10000. */
  base?: number;
  /** Which features turn together. Default 'interleaved', as in RoFormer's files; Hugging Face's LLaMA has 'halves'. */
  pairing?: RotaryPairing;
  /** Stretches the frequencies for longer texts. Default null: none. */
  scaling?: RopeScaling | null;
  /** The length of the sequence, where the scaling follows that. Default: the largest position + 1. */
  length?: number | null;
  /** Turns back what was turned with the same options. Default false. */
  inverse?: boolean;
}

/**
 * Turns each pair of features of x by its position, as in equation 34 of the paper. Angles are formed in double precision.
 *
 * @param x [..., time, features], or [batch, ..., time, features] where each row of the batch has its own positions.
 * @returns As x.
 * @throws ConfigError when an option is none, ShapeError when positions are not as many as x has.
 */
export function rotary(x: tf.Tensor, positions: RotaryPositions, options: RotaryOptions = {}): tf.Tensor {
  const {size, base, pairing, scaling, length, inverse} = resolveRotary('rotary', x, options);
  return tf.tidy(() => {
    const angles = scaledAngles(size, base, scaling);
    const tables = tablesFor(x, positions, (flat) => rotaryTables(flat, length ? anglesAt(angles, length) : angles));
    return turnFirst(x, size, (turning) => rotaryEmbedding(turning, inverse ? inverted(tables) : tables, pairing));
  });
}

/** {@link RotaryOptions} with all defaults, for x of so many features. */
export function resolveRotary(name: string, x: tf.Tensor, options: RotaryOptions): Required<RotaryOptions> {
  requireTensors(name, {x});
  const features = lastAxis(x);
  const resolved = resolveFields<Required<RotaryOptions>>(
    name,
    {
      size: {...fields.even(features), allowed: `an even number from 2 to ${features}, the features of x`},
      base: fields.positive(10000),
      pairing: fields.choice(['interleaved', 'halves'] as const, 'interleaved'),
      scaling: fields.optional(ropeScalingField),
      length: fields.optional(fields.count()),
      inverse: fields.flag(false),
    },
    options,
  );
  if (resolved.size > features)
    throw new ShapeError(`${name}: size is ${resolved.size}, but x [${x.shape}] has ${features} features`);
  checkRopeScaling(name, resolved.scaling, resolved.size);
  return resolved;
}

const lastAxis = (x: tf.Tensor): number => x.shape[x.rank - 1] as number;

/** Changes the first features of x and leaves those behind them. */
export function turnFirst(x: tf.Tensor, size: number, turn: (first: tf.Tensor) => tf.Tensor): tf.Tensor {
  const staying = lastAxis(x) - size;
  if (staying === 0) return turn(x);
  const [first, rest] = tf.split(x, [size, staying], -1);
  return tf.concat([turn(first), rest], -1);
}

/** The tables of positions, shaped to be broadcast over [..., time, size/2]. */
function tablesFor(
  x: tf.Tensor,
  positions: RotaryPositions,
  make: (flat: ArrayLike<number> | tf.Tensor1D) => RotaryTables,
): RotaryTables {
  const isGiven = positions instanceof tf.Tensor || isList(positions);
  requireArgument('rotary', 'positions', positions, isGiven, 'a list of numbers, or a tensor');
  const shape = positions instanceof tf.Tensor ? positions.shape : [positions.length];
  const time = x.shape[x.rank - 2];
  const isOwn = shape.length === 2 && x.rank > 2 && shape[0] === x.shape[0];
  if (shape[shape.length - 1] !== time || !(shape.length === 1 || isOwn))
    throw new ShapeError(
      `rotary: positions [${shape}] must be [time] or [batch, time] of x [${x.shape}], whose time is its last axis but one`,
    );
  if (!isOwn) return make(positions as ArrayLike<number> | tf.Tensor1D);
  const tables = make((positions as tf.Tensor).flatten());
  const inner = new Array(x.rank - 3).fill(1);
  const perRow = (table: tf.Tensor) => table.reshape([shape[0], ...inner, time as number, -1]);
  return {cos: perRow(tables.cos), sin: perRow(tables.sin)};
}

/** The tables that turn back: cos² + sin² is the square of what a scaling multiplies with. */
function inverted({cos, sin}: RotaryTables): RotaryTables {
  const square = cos.square().add(sin.square());
  return {cos: cos.div(square), sin: sin.neg().div(square)};
}

/** Options of {@link positionTable}. */
export type PositionTableOptions = Pick<RotaryOptions, 'base' | 'scaling'>;

/**
 * RoFormer's table `embed_positions` [positions, size], as its files have it: sin nθ in the first half of the columns, cos nθ
 * in the second. Values row by row; with a scaling those for a sequence of so many positions.
 */
export function positionTable(
  positions: number,
  size: number,
  {base = 10000, scaling = null}: PositionTableOptions = {},
): Float32Array {
  const {frequencies, factor} = anglesAt(scaledAngles(size, base, scaling), positions);
  const half = size / 2;
  return Float32Array.from({length: positions * size}, (_, place) => {
    const [n, column] = [Math.floor(place / size), place % size];
    const turned = column < half ? Math.sin : Math.cos;
    return factor * turned(n * frequencies[column % half]);
  });
}

/** Options of {@link learnedRotary}. */
export interface LearnedRotaryOptions {
  /** Default 'interleaved'. */
  pairing?: RotaryPairing;
}

/**
 * {@link rotary} by frequencies that are trained. With y the output and g its gradient, and pairs (u, w),
 *
 *     dL/dθ_i = Σ n (g_w y_u - g_u y_w)
 *
 * Angles are formed in float32, as the frequencies are: their error grows as n · 6e-8.
 * @param x [..., time, features], of which the first 2 · frequencies turn.
 * @param positions One per row.
 * @param frequencies [pairs], radians per position.
 */
export function learnedRotary(
  x: tf.Tensor,
  positions: ArrayLike<number>,
  frequencies: tf.Tensor1D,
  {pairing = 'interleaved'}: LearnedRotaryOptions = {},
): tf.Tensor {
  const size = 2 * frequencies.size;
  return tf.tidy(() => turnFirst(x, size, (first) => turnByLearned(first, positions, frequencies, pairing)));
}

function turnByLearned(
  x: tf.Tensor,
  positions: ArrayLike<number>,
  frequencies: tf.Tensor1D,
  pairing: RotaryPairing,
): tf.Tensor {
  const angles = tf.outerProduct(tf.tensor1d(Float32Array.from(positions)), frequencies);
  const [cos, sin] = [angles.cos(), angles.sin()];
  const turned = tf.customGrad((...inputs) => {
    const [x, , save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const y = rotaryEmbedding(x, {cos, sin}, pairing);
    save([y, cos, sin]);
    const gradFunc = (g: tf.Tensor, [y, cos, sin]: tf.Tensor[]) => {
      // By its angle y changes as what is a quarter turn further on.
      const quarter = rotaryEmbedding(y, {cos: tf.zerosLike(cos), sin: tf.onesLike(sin)}, pairing);
      const ofAngles = pairsSummed(g.mul(quarter), pairing);
      return [rotaryEmbedding(g, {cos, sin: sin.neg()}, pairing), ofAngles.reshape([-1, ...cos.shape]).sum(0)];
    };
    return {value: y, gradFunc};
  });
  return turned(x, angles);
}

/** The sum of both features of each pair: [..., size] to [..., size/2]. */
function pairsSummed(x: tf.Tensor, pairing: RotaryPairing): tf.Tensor {
  const leading = x.shape.slice(0, -1) as number[];
  const half = lastAxis(x) / 2;
  return pairing === 'interleaved'
    ? x.reshape([...leading, half, 2]).sum(-1)
    : x.reshape([...leading, 2, half]).sum(-2);
}
