import {type Array as JaxArray, nn, numpy as np} from '@jax-js/jax';
import {modelWeights, normEpsilon, rotaryFrequencies, weightsOfBlock} from '../../tasks/model';
import type {ModelSize} from '../../tasks/task';

/*
 * jax-js counts references: a function uses up those that it is given, and `.ref` is one more. Here functions use up their
 * activations; weights, tables and biases are passed as they are and taken by `.ref`.
 */

/** The weights of a model as arrays, in the order of `modelWeights`. */
export function weightArrays(size: ModelSize): JaxArray[] {
  return modelWeights(size).map(({shape, values}) => np.array(values).reshape(shape));
}

/** [time, time]: 0 where a position may look, and elsewhere a number that has no weight in a softmax. */
export function causalBias(time: number): JaxArray {
  const bias = new Float32Array(time * time);
  for (let i = 0; i < time; i++) bias.fill(-1e9, i * time + i + 1, (i + 1) * time);
  return np.array(bias).reshape([time, time]);
}

/** q, k, v [..., heads, time, size]; uses them up, and the bias. */
export function plainAttention(q: JaxArray, k: JaxArray, v: JaxArray, bias: JaxArray): JaxArray {
  const scale = (q.shape[q.shape.length - 1] as number) ** -0.5;
  const scores = np.matmul(q, np.matrixTranspose(k)).mul(scale).add(bias);
  return np.matmul(nn.softmax(scores, -1), v);
}

/** What turns the positions: tables [time, size / 2]. */
export type Turns = {cos: JaxArray; sin: JaxArray};

/** Tables of the positions 0 .. time - 1. */
export function turnsOf(size: ModelSize, time: number): Turns {
  const frequencies = rotaryFrequencies(size);
  const table = (of: (angle: number) => number) =>
    np.array(Array.from({length: time}, (_, position) => frequencies.map((frequency) => of(position * frequency))));
  return {cos: table(Math.cos), sin: table(Math.sin)};
}

function rmsNorm(x: JaxArray, weight: JaxArray): JaxArray {
  const scale = np.reciprocal(np.sqrt(np.mean(np.square(x.ref), -1, {keepdims: true}).add(normEpsilon)));
  return x.mul(scale).mul(weight.ref);
}

function turn(x: JaxArray, {cos, sin}: Turns): JaxArray {
  const [u, w] = np.split(x, 2, -1);
  return np.concatenate([u.ref.mul(cos.ref).sub(w.ref.mul(sin.ref)), u.mul(sin.ref).add(w.mul(cos.ref))], -1);
}

/** How the keys and values [batch, heads, time, size] of a block meet the queries. */
export type Attend = (layer: number, q: JaxArray, k: JaxArray, v: JaxArray) => JaxArray;

/** The model in jax-js: logits [batch, time, vocabulary] of embedded tokens [batch, time, hidden], which it uses up. */
export function plainLogits(
  {hiddenSize, numLayers, numHeads}: ModelSize,
  weights: readonly JaxArray[],
  embedded: JaxArray,
  turns: Turns,
  attend: Attend,
): JaxArray {
  const [batch, time] = embedded.shape as number[];
  const inHeads = (y: JaxArray) =>
    np.transpose(y.reshape([batch, time, numHeads, hiddenSize / numHeads]), [0, 2, 1, 3]);
  let x = embedded;
  for (let layer = 0; layer < numLayers; layer++) {
    const first = 1 + layer * weightsOfBlock;
    const [norm, wq, wk, wv, wo, secondNorm, up, gate, down] = weights.slice(first, first + weightsOfBlock);
    const h = rmsNorm(x.ref, norm);
    const q = turn(inHeads(np.matmul(h.ref, wq.ref)), turns);
    const k = turn(inHeads(np.matmul(h.ref, wk.ref)), turns);
    const v = inHeads(np.matmul(h, wv.ref));
    const y = np.transpose(attend(layer, q, k, v), [0, 2, 1, 3]).reshape([batch, time, hiddenSize]);
    x = x.add(np.matmul(y, wo.ref));
    const g = rmsNorm(x.ref, secondNorm);
    const raised = nn.silu(np.matmul(g.ref, up.ref)).mul(np.matmul(g, gate.ref));
    x = x.add(np.matmul(raised, down.ref));
  }
  return np.matmul(rmsNorm(x, weights[weights.length - 1]), np.matrixTranspose(weights[0].ref));
}
