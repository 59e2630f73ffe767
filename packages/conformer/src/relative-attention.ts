import * as tf from '@tensorflow/tfjs';
import {requireCount, requireRank, requireTensors, ShapeError, sinusoids} from '@variants/core';

// q, k, v   queries, keys and values in heads            [batch, heads, queries or keys, size d]
// R(p)      sinusoids of the distance p = i - j of a query from a key, above 0 where the key is to the left   [D]
// r(p)      W_pos R(p) in heads                           [heads, distances, size]
// u, v      learned biases of the queries: for what a key is, and for where it is                             [heads, size]
//
//     score[i, j] = ((q_i + u) · k_j + (q_i + v) · r(i - j)) / sqrt(d)                 (Dai et al. 2019, section 3.3)

/**
 * The sinusoids of all distances that there are between queries and keys, where the queries are the last positions, from
 * that of the last query to the first key down to that of the first query to the last key.
 * @param queries How many.
 * @param keys How many, as many as queries or more.
 * @param hiddenSize D
 * @returns R, [keys + queries - 1, D]
 */
export function relativePositions(queries: number, keys: number, hiddenSize: number): tf.Tensor2D {
  requireCount('relativePositions', 'queries', queries, 1, ShapeError);
  requireCount('relativePositions', 'keys', keys, queries, ShapeError);
  requireCount('relativePositions', 'hiddenSize', hiddenSize, 1, ShapeError);
  return sinusoids(
    Array.from({length: keys + queries - 1}, (_, m) => keys - 1 - m),
    hiddenSize,
  );
}

/**
 * From products by distance to products by key: with T queries, which are the last of n keys,
 *
 *     y[i, j] = x[i, T - 1 - i + j]
 *
 * Row i begins T - 1 - i places late, so that in one row of all numbers each begins n + T - 2 places behind the one before:
 * cutting them off at T - 1 and folding them to that width puts all beginnings below each other.
 *
 * @param x [batch, heads, T, n + T - 1]
 * @returns [batch, heads, T, n]
 */
export function relativeShift(x: tf.Tensor): tf.Tensor4D {
  requireRank('relativeShift', {x}, '[batch, heads, queries, distances]');
  const [batch, heads, queries, distances] = x.shape as number[];
  const keys = distances - queries + 1;
  if (keys < queries)
    throw new ShapeError(
      `relativeShift: x [${x.shape}] has ${distances} distances, but must have ${2 * queries - 1} or more of ${queries} queries`,
    );
  // Of a single query all begin where they are.
  if (queries === 1) return x.clone() as tf.Tensor4D;
  return tf.tidy(() => {
    const width = distances - 1;
    const row = x.reshape([batch, heads, queries * distances]).slice([0, 0, queries - 1], [-1, -1, queries * width]);
    return row.reshape([batch, heads, queries, width]).slice([0, 0, 0, 0], [-1, -1, -1, keys]) as tf.Tensor4D;
  });
}

/**
 * What distances add to the scores of attention, before these are scaled: (q_i + v) · r(i - j).
 * @param queries q, [batch, heads, queries, size]
 * @param positions r, [heads, keys + queries - 1, size], from the largest distance down, see {@link relativePositions}.
 * @param bias v, [heads, size]
 * @returns [batch, heads, queries, keys]
 */
export function relativeScores(queries: tf.Tensor, positions: tf.Tensor, bias: tf.Tensor): tf.Tensor4D {
  requireRank('relativeScores', {queries}, '[batch, heads, queries, size]');
  requireTensors('relativeScores', {positions, bias});
  const [batch, heads, , size] = queries.shape as number[];
  const [ownHeads, distances, ownSize] = positions.shape as number[];
  if (positions.rank !== 3 || ownHeads !== heads || ownSize !== size || bias.shape.join() !== `${heads},${size}`)
    throw new ShapeError(
      `relativeScores: positions [${positions.shape}] must be [heads, distances, size] and bias [${bias.shape}] [heads, size], as queries are [${queries.shape}]`,
    );
  return tf.tidy(() => {
    const r = positions.expandDims(0).broadcastTo([batch, heads, distances, size]);
    return relativeShift(tf.matMul(queries.add(bias.expandDims(1)), r, false, true));
  });
}
