import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import type {WeightedAverageState} from './types';

/** Below every key, and finite: -infinity would give NaN where it meets itself. */
const lowest = -1e38;

/** The sums over no position at all. */
export function emptyWeightedAverage(batch: number, channels: number): WeightedAverageState {
  const zeros = () => tf.zeros([batch, channels]);
  return {numerator: zeros(), denominator: zeros(), maximum: tf.fill([batch, channels], lowest)};
}

/** The sums before a position weighed against a value's own weight, and the scale that both are relative to. */
export interface Weights {
  /** e^(before - maximum) */
  before: tf.Tensor;
  /** e^(own - maximum) */
  own: tf.Tensor;
  maximum: tf.Tensor;
}

/** The weights of logarithms relative to the larger one: no exponent is above 0. */
export function relativeWeights(before: tf.Tensor, own: tf.Tensor): Weights {
  const maximum = tf.maximum(before, own);
  return {before: before.sub(maximum).exp(), own: own.sub(maximum).exp(), maximum};
}

/** The scan position by position, composed from tf ops. */
export function weightedAverageScanReference(
  keys: tf.Tensor,
  values: tf.Tensor,
  decay: tf.Tensor,
  bonus: tf.Tensor,
  state?: WeightedAverageState,
): {output: tf.Tensor} & WeightedAverageState {
  return tf.tidy(() => {
    const [batch, , channels] = keys.shape as number[];
    const [ks, vs] = [keys, values].map(alongTime);
    let {numerator, denominator, maximum} = state ?? emptyWeightedAverage(batch, channels);
    const outputs = ks.map((k, t) => {
      const v = vs[t];
      const read = relativeWeights(maximum, k.add(bonus));
      const sum = numerator.mul(read.before).add(v.mul(read.own));
      const output = sum.div(denominator.mul(read.before).add(read.own));
      const write = relativeWeights(maximum.add(decay), k);
      numerator = numerator.mul(write.before).add(v.mul(write.own));
      denominator = denominator.mul(write.before).add(write.own);
      maximum = write.maximum;
      return output;
    });
    return {output: tf.stack(outputs, 1), numerator, denominator, maximum};
  });
}
