import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  type RotaryPairing,
  type RotaryTables,
  requireOptions,
  requireTensors,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
  ShapeError,
} from '@variants/core';
import {type RotaryOptions, resolveRotary, turnFirst} from './rotary';

/** Options of {@link xPos}. */
export interface XPosOptions extends Pick<RotaryOptions, 'size' | 'base' | 'pairing'> {
  /** Positions over which a score falls by ζ_i. Default 512. */
  scaleBase?: number;
  /**
   * The position that is neither scaled up nor down. Scores do not depend on it; it keeps numbers small. Default half of the
   * keys, rounded up.
   */
  center?: number;
}

/** ζ_i = (2i + 0.4 d) / 1.4 d for i = 0 .. d/2 - 1 (Sun et al. 2022, section 3.1): by which scores of pair i fall. */
export function xPosScales(size: number): number[] {
  return Array.from({length: size / 2}, (_, i) => (2 * i + 0.4 * size) / (1.4 * size));
}

/**
 * xPos (Sun et al. 2022, arXiv 2212.10554): rotary positions whose scores fall with the distance m of query and key,
 *
 *     q' = rotary(q) ζ^((n - c) / scaleBase),   k' = rotary(k) ζ^((c - n) / scaleBase),   so q' · k' ~ ζ^(m / scaleBase)
 *
 * @param queries [..., queries, features], the last positions of the keys, as in decoding.
 * @param keys [..., keys, features], not turned yet.
 */
export function xPos(
  queries: tf.Tensor,
  keys: tf.Tensor,
  given: XPosOptions = {},
): {queries: tf.Tensor; keys: tf.Tensor} {
  requireTensors('xPos', {queries, keys});
  requireOptions('xPos', given, ['scaleBase', 'center', 'size', 'base', 'pairing']);
  const {scaleBase = 512, center, ...options} = given;
  if (queries.shape.at(-1) !== keys.shape.at(-1) || queries.rank !== keys.rank || keys.rank < 2)
    throw new ShapeError(`xPos: queries [${queries.shape}] and keys [${keys.shape}] must be [..., time, features]`);
  const {size, base, pairing} = resolveRotary('xPos', keys, options);
  if (!(scaleBase > 0)) throw new ConfigError(`xPos: scaleBase is ${scaleBase}, but must be a number above 0`);
  const [numQueries, numKeys] = [queries, keys].map((x) => x.shape[x.rank - 2] as number);
  if (numQueries > numKeys)
    throw new ShapeError(
      `xPos: queries [${queries.shape}] must be the last positions of keys [${keys.shape}], not more than those`,
    );
  const settings = {size, base, pairing, scaleBase, center: center ?? Math.ceil(numKeys / 2)};
  const places = Array.from({length: numKeys}, (_, n) => n);
  return tf.tidy(() => ({
    queries: turnScaled(queries, places.slice(numKeys - numQueries), settings, 1),
    keys: turnScaled(keys, places, settings, -1),
  }));
}

type Settings = {size: number; base: number; pairing: RotaryPairing; scaleBase: number; center: number};

function turnScaled(x: tf.Tensor, positions: number[], settings: Settings, sign: 1 | -1): tf.Tensor {
  const {size, base, pairing, scaleBase, center} = settings;
  const zeta = xPosScales(size);
  const powers = positions.flatMap((n) => zeta.map((scale) => scale ** ((sign * (n - center)) / scaleBase)));
  const scales = tf.tensor2d(powers, [positions.length, size / 2]);
  const {cos, sin} = rotaryTables(positions, rotaryFrequencies(size, base));
  const tables: RotaryTables = {cos: cos.mul(scales), sin: sin.mul(scales)};
  return turnFirst(x, size, (first) => rotaryEmbedding(first, tables, pairing));
}
