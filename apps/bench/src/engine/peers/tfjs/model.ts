import * as tf from '@tensorflow/tfjs';
import {modelWeights, normEpsilon, rotaryFrequencies, weightsOfBlock} from '../../tasks/model';
import type {ModelSize} from '../../tasks/task';

/** The weights of a model as tensors, in the order of `modelWeights`. */
export function weightTensors(size: ModelSize): tf.Tensor[] {
  return modelWeights(size).map(({shape, values}) => tf.tensor(values, shape));
}

/** [time, time]: 0 where a position may look, and elsewhere a number that has no weight in a softmax. */
export function causalBias(time: number): tf.Tensor {
  const bias = new Float32Array(time * time);
  for (let i = 0; i < time; i++) bias.fill(-1e9, i * time + i + 1, (i + 1) * time);
  return tf.tensor2d(bias, [time, time]);
}

/** q, k, v [..., heads, time, size]; `bias` is added to the scores, where there is any. */
export function plainAttention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const scores = tf.matMul(q, k, false, true).mul((q.shape[q.rank - 1] as number) ** -0.5);
  return tf.matMul(tf.softmax(bias ? scores.add(bias) : scores), v);
}

/** Keys and values [batch, heads, time, size] of a block, which come to be those of all positions until now. */
export type Cache = {keys: tf.Tensor; values: tf.Tensor}[];

/** What turns the positions of a piece: tables [time, size / 2]. */
export type Turns = {cos: tf.Tensor; sin: tf.Tensor};

/** Tables of the positions `start`, `start` + 1, ... */
export function turnsOf(size: ModelSize, start: number, time: number): Turns {
  const frequencies = rotaryFrequencies(size);
  const angles = Array.from({length: time}, (_, i) => frequencies.map((frequency) => (start + i) * frequency));
  return {
    cos: tf.tensor2d(angles.map((row) => row.map(Math.cos))),
    sin: tf.tensor2d(angles.map((row) => row.map(Math.sin))),
  };
}

function rmsNorm(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return x.mul(x.square().mean(-1, true).add(normEpsilon).rsqrt()).mul(weight);
}

function turn(x: tf.Tensor, {cos, sin}: Turns): tf.Tensor {
  const [u, w] = tf.split(x, 2, -1);
  return tf.concat([u.mul(cos).sub(w.mul(sin)), u.mul(sin).add(w.mul(cos))], -1);
}

/** x W of x [batch, time, inputs], as the two-dimensional product that tfjs's backends are fast at. */
function project(x: tf.Tensor, weight: tf.Tensor, transposed = false): tf.Tensor {
  const [batch, time, width] = x.shape as number[];
  return tf.matMul(x.reshape([batch * time, width]), weight, false, transposed).reshape([batch, time, -1]);
}

/**
 * The model in tfjs's own operations: logits [batch, time, vocabulary] of embedded tokens [batch, time, hidden].
 * @param cache Of the positions before, which it is brought up to date with.
 */
export function plainLogits(
  {hiddenSize, numLayers, numHeads}: ModelSize,
  weights: readonly tf.Tensor[],
  embedded: tf.Tensor,
  turns: Turns,
  options: {bias?: tf.Tensor; cache?: Cache} = {},
): tf.Tensor {
  const [batch, time] = embedded.shape as number[];
  const inHeads = (y: tf.Tensor) => y.reshape([batch, time, numHeads, hiddenSize / numHeads]).transpose([0, 2, 1, 3]);
  let x = embedded;
  for (let layer = 0; layer < numLayers; layer++) {
    const first = 1 + layer * weightsOfBlock;
    const [norm, wq, wk, wv, wo, secondNorm, up, gate, down] = weights.slice(first, first + weightsOfBlock);
    const h = rmsNorm(x, norm);
    const now = {keys: turn(inHeads(project(h, wk)), turns), values: inHeads(project(h, wv))};
    const {keys, values} = options.cache ? remember(options.cache, layer, now) : now;
    const y = plainAttention(turn(inHeads(project(h, wq)), turns), keys, values, options.bias);
    x = x.add(project(y.transpose([0, 2, 1, 3]).reshape([batch, time, hiddenSize]), wo));
    const g = rmsNorm(x, secondNorm);
    const a = project(g, up);
    x = x.add(project(a.mul(a.sigmoid()).mul(project(g, gate)), down));
  }
  return project(rmsNorm(x, weights[weights.length - 1]), weights[0], true);
}

function remember(cache: Cache, layer: number, now: Cache[number]): Cache[number] {
  const before = cache[layer];
  const all = before
    ? {keys: tf.concat([before.keys, now.keys], 2), values: tf.concat([before.values, now.values], 2)}
    : now;
  cache[layer] = all;
  return all;
}
