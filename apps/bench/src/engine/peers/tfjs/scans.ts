import * as tf from '@tensorflow/tfjs';
import type {Library} from '../computation';
import {computationOf, tensorOf} from './computation-of';

type Scan = (...inputs: tf.Tensor[]) => tf.Tensor;

/** How a library computes the scans, all tensors [batch, time, ...] but those that say otherwise. */
export interface Scans {
  /** Of keys, values, decay (a logarithm) and bonus [channels]. */
  weightedAverageScan: Scan;
  /** Of queries, keys, values and decay. */
  linearRecurrence: Scan;
  /** Of queries, keys, values, decay, lookups and corrections. */
  deltaRule: Scan;
}

/** Logarithms of decays, from -1 to 0. */
const decayOf = (shape: readonly number[], seed: number) => tf.tidy(() => tensorOf(shape, seed).sub(0.5));

/** Small enough for the state not to grow. */
const smallOf = (shape: readonly number[], seed: number) => tf.tidy(() => tensorOf(shape, seed).mul(0.1));

/** Forwards and backwards: the gradients of the sum of the output times other numbers, by the first `count` inputs. */
function gradients(scan: Scan, inputs: readonly tf.Tensor[], count: number) {
  return computationOf(inputs, (direction, ...all) => {
    const [by, rest] = [all.slice(0, count), all.slice(count)];
    return tf.grads((...xs: tf.Tensor[]) => scan(...xs, ...rest))(by, direction);
  });
}

/** The tasks of the scans. */
export function scanTasks(scans: Scans): Pick<Library, keyof Scans> {
  const inHeads = (shape: readonly number[]) => [
    ...[4, 0, 1, 2].map((seed) => tensorOf(shape, seed)),
    decayOf(shape, 3),
  ];
  return {
    weightedAverageScan({shape}) {
      const channels = shape.slice(-1);
      const inputs = [...[4, 0, 1].map((seed) => tensorOf(shape, seed)), decayOf(channels, 2), tensorOf(channels, 3)];
      return gradients(scans.weightedAverageScan, inputs, 2);
    },
    linearRecurrence: ({shape}) => gradients(scans.linearRecurrence, inHeads(shape), 4),
    deltaRule: ({shape}) => gradients(scans.deltaRule, [...inHeads(shape), smallOf(shape, 5), smallOf(shape, 6)], 4),
  };
}

const alongTime = (x: tf.Tensor) => tf.unstack(x, 1);
const outer = (a: tf.Tensor, b: tf.Tensor) => a.expandDims(-1).mul(b.expandDims(-2));
const lookUp = (a: tf.Tensor, state: tf.Tensor) => tf.matMul(a.expandDims(-2), state).squeeze([-2]);

/** The scans as loops over time, in tfjs's own operations. */
const plainScans: Scans = {
  weightedAverageScan(keys, values, decay, bonus) {
    const vs = alongTime(values);
    let [sum, weights, scale]: (tf.Tensor | undefined)[] = [];
    const outputs = alongTime(keys).map((k, t) => {
      const v = vs[t];
      const before = [sum ?? tf.zerosLike(k), weights ?? tf.zerosLike(k), scale ?? tf.fill(k.shape, -1e38)];
      const own = k.add(bonus);
      const top = tf.maximum(before[2], own);
      const [past, now] = [before[2].sub(top).exp(), own.sub(top).exp()];
      const output = before[0].mul(past).add(v.mul(now)).div(before[1].mul(past).add(now));
      const faded = before[2].add(decay);
      scale = tf.maximum(faded, k);
      const [kept, added] = [faded.sub(scale).exp(), k.sub(scale).exp()];
      sum = before[0].mul(kept).add(v.mul(added));
      weights = before[1].mul(kept).add(added);
      return output;
    });
    return tf.stack(outputs, 1);
  },
  linearRecurrence: (queries, keys, values, decay) => plainRecurrence(queries, keys, values, decay),
  deltaRule: plainRecurrence,
};

function plainRecurrence(...inputs: tf.Tensor[]): tf.Tensor {
  const [qs, ks, vs, ds, as, bs] = inputs.map(alongTime);
  let state: tf.Tensor | undefined;
  const outputs = qs.map((q, t) => {
    const added = outer(ks[t], vs[t]);
    const kept = state?.mul(ds[t].exp().expandDims(-1)).add(added) ?? added;
    state = as && state ? kept.add(outer(bs[t], lookUp(as[t], state))) : kept;
    return lookUp(q, state);
  });
  return tf.stack(outputs, 1);
}

/** Scans in tfjs's own operations, on the backend that is set. */
export const plainScanTasks = scanTasks(plainScans);
