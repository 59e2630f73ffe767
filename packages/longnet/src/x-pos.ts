/**
 * xPos (Sun et al. 2022, arXiv 2212.10554) as LongNet has it: rotary positions whose scores fall with the distance. Pair i of
 * a head's features turns by n θ_i at position n, and grows by ζ_i^(p / base) in queries and by its inverse in keys; p counts
 * from any centre, since the distance alone is left in a score.
 */
import * as tf from '@tensorflow/tfjs';
import {type RotaryTables, rotaryEmbedding, rotaryFrequencies, rotaryTables} from '@variants/core';

/** Positions that a sequence or a segment may have around its centre: ζ_0 = 0.286, and 0.286^64 = 2e-35 is a float still. */
export const mostPositions = (scaleBase: number): number => 128 * scaleBase;

/** log ζ_i, ζ_i = (2i + 0.4 d) / 1.4 d for i = 0 ... d/2 - 1. */
export function logScales(headSize: number): number[] {
  return Array.from({length: headSize / 2}, (_, i) => Math.log((2 * i + 0.4 * headSize) / (1.4 * headSize)));
}

/** Where queries and keys are. */
interface XPosPlaces {
  /** n, [time] int32: what they turn by. */
  positions: tf.Tensor1D;
  /** p, [time]: what they grow by. */
  fromCentre: tf.Tensor;
  /** What p is divided by. */
  scaleBase: number;
}

/** Turns and scales queries and keys [..., time, 1, size] or, with `headsFirst`, [..., time, size]. */
export function xPos(
  queries: tf.Tensor,
  keys: tf.Tensor,
  {positions, fromCentre, scaleBase}: XPosPlaces,
  headsFirst: boolean,
): {queries: tf.Tensor; keys: tf.Tensor} {
  const headSize = queries.shape[queries.rank - 1] as number;
  const {cos, sin} = rotaryTables(positions, rotaryFrequencies(headSize));
  const exponents = fromCentre.reshape([-1, 1]).mul(tf.tensor1d(logScales(headSize)).div(scaleBase));
  const scaled = (power: tf.Tensor): RotaryTables => {
    const scales = power.exp();
    const [c, s] = [cos.mul(scales), sin.mul(scales)];
    return headsFirst ? {cos: c, sin: s} : {cos: c.expandDims(1), sin: s.expandDims(1)};
  };
  return {
    queries: rotaryEmbedding(queries, scaled(exponents)),
    keys: rotaryEmbedding(keys, scaled(exponents.neg())),
  };
}
