import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import {emptyWeightedAverage, relativeWeights, type Weights} from './reference';
import type {WeightedAverageInputs, WeightedAverageOutputs} from './types';

/** What the way back needs to know of a position. */
interface Position {
  read: Weights;
  write: Weights;
  /** The denominator of the output, relative to `read.maximum`. */
  denominator: tf.Tensor;
  /** 1 where the key is the new maximum. */
  isMaximum: tf.Tensor;
}

/**
 * The gradient in closed form, in two sweeps. With n, d, p the state before a position, e and f the weights of reading
 * and of writing, D = e.before d + e.own, and n', d' the derivatives of the sums by the decay w:
 *
 *     forwards    n' <- f.before (n' + n),  d' alike;      dw += dy/D e.before (n' - y d')
 *     backwards   c = dy/D e.own;   dv = c + f.own N;   dk = c (v - y) + f.own (N v + M);   du += c (v - y)
 *                 N <- dy/D e.before + f.before N;      M <- -dy/D e.before y + f.before M
 *
 * where N and M are the gradients of n and d after the position. The gradient of the last maximum goes to the key that is
 * the maximum, or to the first state, and to w for each step between.
 */
export function weightedAverageScanGradient(
  outputGradients: WeightedAverageOutputs,
  inputs: WeightedAverageInputs,
  {output}: WeightedAverageOutputs,
): {[name in keyof WeightedAverageInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const {keys, values, decay, bonus} = inputs;
    const [dys, ks, vs, ys] = [outputGradients.output, keys, values, output].map(alongTime);
    const first = firstState(inputs);
    const {positions, last, dw: dwOfReading} = forwards(inputs, first, {dys, ks, vs, ys});

    let [N, M] = [outputGradients.numerator, outputGradients.denominator];
    let dMaximum = outputGradients.maximum.sub(N.mul(last.numerator)).sub(M.mul(last.denominator));
    let dw = dwOfReading.add(N.mul(last.numeratorByDecay)).add(M.mul(last.denominatorByDecay));
    let du: tf.Tensor = tf.zerosLike(N);
    const [dks, dvs]: tf.Tensor[][] = [[], []];
    for (let t = positions.length - 1; t >= 0; t--) {
      const {read, write, denominator, isMaximum} = positions[t];
      const scaled = dys[t].div(denominator);
      const own = scaled.mul(read.own);
      const dOwn = own.mul(vs[t].sub(ys[t]));
      const toKey = dMaximum.mul(isMaximum);
      dMaximum = dMaximum.sub(toKey);
      du = du.add(dOwn);
      dw = dw.add(dMaximum);
      dvs[t] = own.add(write.own.mul(N));
      dks[t] = dOwn.add(write.own.mul(N.mul(vs[t]).add(M))).add(toKey);
      const before = scaled.mul(read.before);
      N = before.add(write.before.mul(N));
      M = write.before.mul(M).sub(before.mul(ys[t]));
    }
    return {
      keys: tf.stack(dks, 1),
      values: tf.stack(dvs, 1),
      decay: dw.sum(0).reshape(decay.shape),
      bonus: du.sum(0).reshape(bonus.shape),
      numerator: N,
      denominator: M,
      maximum: N.mul(first.numerator).add(M.mul(first.denominator)).add(dMaximum),
    };
  });
}

function firstState({keys, numerator, denominator, maximum}: WeightedAverageInputs) {
  const [batch, , channels] = keys.shape as number[];
  return numerator && denominator && maximum
    ? {numerator, denominator, maximum}
    : emptyWeightedAverage(batch, channels);
}

function forwards(
  {decay, bonus}: WeightedAverageInputs,
  first: ReturnType<typeof firstState>,
  {dys, ks, vs, ys}: {[name in 'dys' | 'ks' | 'vs' | 'ys']: tf.Tensor[]},
) {
  let {numerator, denominator, maximum} = first;
  let numeratorByDecay: tf.Tensor = tf.zerosLike(numerator);
  let denominatorByDecay: tf.Tensor = tf.zerosLike(numerator);
  let dw: tf.Tensor = tf.zerosLike(numerator);
  const positions = ks.map((k, t): Position => {
    const read = relativeWeights(maximum, k.add(bonus));
    const kept = maximum.add(decay);
    const write = relativeWeights(kept, k);
    const total = denominator.mul(read.before).add(read.own);
    const byDecay = numeratorByDecay.sub(ys[t].mul(denominatorByDecay));
    dw = dw.add(dys[t].div(total).mul(read.before).mul(byDecay));
    numeratorByDecay = write.before.mul(numeratorByDecay.add(numerator));
    denominatorByDecay = write.before.mul(denominatorByDecay.add(denominator));
    numerator = numerator.mul(write.before).add(vs[t].mul(write.own));
    denominator = denominator.mul(write.before).add(write.own);
    maximum = write.maximum;
    return {read, write, denominator: total, isMaximum: k.greater(kept).toFloat()};
  });
  return {positions, last: {numerator, denominator, numeratorByDecay, denominatorByDecay}, dw};
}
