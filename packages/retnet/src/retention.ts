/**
 * Retention: attention without softmax, in three forms of one function (Sun et al. 2023, "Retentive Network: A Successor
 * to Transformer for Large Language Models", arXiv 2307.08621), with the normalisers of the authors' code (torchscale).
 *
 *     B      batch                     T      positions, n and m count them
 *     H      heads (numHeads)          γ_h    decay of a head, 1 - 2^(-5-h)
 *     dk     size of a key             dv     size of a value
 *     q, k   [B, H, T, dk], rotated by their positions; k scaled by dk^-0.5
 *     v      [B, H, T, dv]
 *     M      decay matrix of a head: γ^(n-m) for m <= n, else 0
 *     S      memory [B, H, dk, dv]: Σ_j γ^(T-1-j) k_j v_jᵀ
 *     s      its scale [H]: Σ_j γ^(T-1-j) over the positions seen that are tokens; without padding (1 - γ^T) / (1 - γ)
 *
 * The authors keep S divided by sqrt(s), and transposed.
 *
 * The forms differ in the length of the vector that they give for a position, never in its direction; the norm over each
 * head that follows takes the length away, but for its epsilon. The recurrent form and the chunkwise one that carries s give
 * the same lengths; the parallel form does where no row of scores sums up to more than 1, as with fresh weights; the authors'
 * chunkwise form has lengths of its own, which depend on where chunks begin.
 *
 * A mask [batch, time], 1 = a token, 0 = padding, leaves padding out of S and of s.
 */

import * as tf from '@tensorflow/tfjs';
import {growAxis, linearRecurrence, requireArgument, requireCount, requireRank, ShapeError} from '@variants/core';

/** What a stream of retention remembers. */
export type RetentionMemory = {
  /** S, [batch, heads, key size, value size]. */
  keyValue: tf.Tensor;
  /** s, [heads]; [batch, heads] where there was padding. */
  scale: tf.Tensor;
};

/** Options of all forms. */
export interface RetentionOptions {
  /** [batch, time], 1 = a token, 0 = padding, which leaves no trace; what comes out in its place means nothing. Default: all are tokens. */
  mask?: tf.Tensor;
}

/** What the chunkwise form divides by. */
export type ChunkNormalizer = 'carried' | 'torchscale';

/** γ_h = 1 - 2^(-5-h) for h = 0 .. numHeads-1 (equation 8). */
export function defaultDecays(numHeads: number): number[] {
  return Array.from({length: numHeads}, (_, h) => 1 - 2 ** (-5 - h));
}

/** One number per head as a tensor that broadcasts over [batch, heads, ..., ...]. */
const perHead = (values: number[]) => tf.tensor(values, [values.length, 1, 1]);

/** value(γ, i) for each head and i = 0 .. length-1: [heads, length, 1]. */
const perHeadAndPosition = (decays: readonly number[], length: number, value: (γ: number, i: number) => number) =>
  tf.tensor(
    decays.flatMap((γ) => Array.from({length}, (_, i) => value(γ, i))),
    [decays.length, length, 1],
  );

/** M, [heads, length, length]. Powers as exp((n - m) log γ): γ^n / γ^m would overflow. */
function decayMatrix(decays: readonly number[], length: number): tf.Tensor3D {
  const values = new Float32Array(decays.length * length * length);
  decays.forEach((γ, h) => {
    for (let n = 0; n < length; n++)
      for (let m = 0; m <= n; m++) values[(h * length + n) * length + m] = Math.exp((n - m) * Math.log(γ));
  });
  return tf.tensor3d(values, [decays.length, length, length]);
}

/** The sum of row i of M, 1 + γ + ... + γ^i. */
const rowSum = (γ: number, i: number) => (1 - γ ** (i + 1)) / (1 - γ);

/** k without padding. */
function keptKeys(k: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return mask ? k.mul(mask.toFloat().reshape([-1, 1, k.shape[2] as number, 1])) : k;
}

/** @throws ShapeError or ConfigError unless q, k and v, and a decay for each head, go together. */
function requireRetention(owner: string, {q, k, v}: Record<'q' | 'k' | 'v', tf.Tensor>, decays: unknown): void {
  requireRank(owner, {q, k, v}, '[batch, heads, time, size]');
  const isAlike = q.shape.join() === k.shape.join() && q.shape.slice(0, 3).join() === v.shape.slice(0, 3).join();
  if (!isAlike)
    throw new ShapeError(
      `${owner}: q [${q.shape}], k [${k.shape}] and v [${v.shape}] must be alike, but for the last axis of v`,
    );
  requireDecays(owner, decays, q.shape[1]);
}

function requireDecays(owner: string, decays: unknown, numHeads?: number): void {
  const isList = Array.isArray(decays) && decays.every((decay) => typeof decay === 'number');
  const isRight = isList && (numHeads === undefined || decays.length === numHeads);
  requireArgument(owner, 'decays', decays, isRight, `a list of ${numHeads ?? ''} numbers, one for each head`);
}

/** M with each row divided by the root of its sum: what the scores are multiplied with. [heads, length, length] */
export function normalizedDecayMatrix(decays: readonly number[], length: number): tf.Tensor3D {
  requireDecays('normalizedDecayMatrix', decays);
  requireCount('normalizedDecayMatrix', 'length', length);
  return tf.tidy(() => {
    const rootOfSum = perHeadAndPosition(decays, length, (γ, i) => Math.sqrt(rowSum(γ, i)));
    return decayMatrix(decays, length).div(rootOfSum);
  });
}

/** x / divisor, with the divisor a constant for the gradient. */
function divideByConstant(x: tf.Tensor, divisor: tf.Tensor): tf.Tensor {
  const divide = tf.customGrad((numerator, save) => {
    (save as tf.GradSaveFunc)([divisor]);
    return {
      value: (numerator as tf.Tensor).div(divisor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.div(saved[0]),
    };
  });
  return divide(x);
}

/** Σ_m |A[n, m]|, [..., 1]. */
const absoluteSum = (A: tf.Tensor) => A.abs().sum(-1, true);

/**
 * The parallel form (equation 5), quadratic in T:
 *
 *     A = (q kᵀ) * M / sqrt(row sums of M);   A = A / clamp(Σ_m |A[n, m]|, 1, 5e4);   o = A v
 *
 * The last divisor is a constant for the gradient. With a mask, the row sums are those of the tokens.
 * @param q, k [batch, heads, time, key size], v [batch, heads, time, value size]
 * @param decays γ of each head.
 * @returns o [batch, heads, time, value size]
 */
export function retentionParallel(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  {mask}: RetentionOptions = {},
): tf.Tensor {
  requireRetention('retentionParallel', {q, k, v}, decays);
  return tf.tidy(() => {
    const time = q.shape[2] as number;
    const scores = tf.matMul(q, keptKeys(k, mask), false, true);
    const A = mask
      ? scores.mul(decayMatrix(decays, time)).div(rootOf(scalesOf(decays, time, {mask}), mask))
      : scores.mul(normalizedDecayMatrix(decays, time));
    return tf.matMul(divideByConstant(A, absoluteSum(A).clipByValue(1, 5e4)), v);
  });
}

/** Options of {@link retentionChunkwise}. */
export interface ChunkwiseOptions extends RetentionOptions {
  /**
   * 'carried': by the root of s, which goes on from chunk to chunk, so that the output is that of the recurrent form.
   * 'torchscale': as the authors' code does. Default 'carried'.
   */
  normalizer?: ChunkNormalizer;
}

/**
 * The chunkwise form (equation 7), linear in T: chunks of c positions, quadratic inside, with a memory S between them. For
 * positions i, j of a chunk, and s at each of them over all positions so far:
 *
 *     o = ((q kᵀ * M) v + q γ^(i+1) · S) / sqrt(s)            S <- γ^c S + kᵀ (v γ^(c-1-j))
 *
 * With the authors' normaliser the output has the same direction and another length, see {@link torchscaleChunks}.
 * @param q, k [batch, heads, time, key size], v [batch, heads, time, value size]
 * @param decays γ of each head.
 * @param chunkSize c. Any length T will do: the last chunk is filled up with zeros and cut.
 * @returns o [batch, heads, time, value size]
 */
export function retentionChunkwise(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  chunkSize: number,
  {normalizer = 'carried', mask}: ChunkwiseOptions = {},
): tf.Tensor {
  requireRetention('retentionChunkwise', {q, k, v}, decays);
  requireCount('retentionChunkwise', 'chunkSize', chunkSize);
  return tf.tidy(() => {
    const time = q.shape[2] as number;
    const [qs, ks, vs] = [q, keptKeys(k, mask), v].map((x) => chunks(x, chunkSize));
    const outputs = normalizer === 'carried' ? plainChunks(qs, ks, vs, decays) : torchscaleChunks(qs, ks, vs, decays);
    const whole = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2);
    const output = whole.slice([0, 0, 0, 0], [-1, -1, time, -1]);
    return normalizer === 'carried' ? output.div(rootOf(scalesOf(decays, time, {mask}), mask)) : output;
  });
}

/** The chunks of o sqrt(s), as above. */
function plainChunks(qs: tf.Tensor[], ks: tf.Tensor[], vs: tf.Tensor[], decays: readonly number[]): tf.Tensor[] {
  const c = qs[0].shape[2] as number;
  const M = decayMatrix(decays, c);
  const queryDecay = perHeadAndPosition(decays, c, (γ, i) => γ ** (i + 1));
  const valueDecay = perHeadAndPosition(decays, c, (γ, j) => γ ** (c - 1 - j));
  const chunkDecay = perHead(decays.map((γ) => γ ** c));
  let S: tf.Tensor | undefined;
  return qs.map((q, i) => {
    const inner = tf.matMul(tf.matMul(q, ks[i], false, true).mul(M), vs[i]);
    const output = S ? inner.add(tf.matMul(q.mul(queryDecay), S)) : inner;
    const added = tf.matMul(ks[i], vs[i].mul(valueDecay), true, false);
    S = S ? S.mul(chunkDecay).add(added) : added;
    return output;
  });
}

/**
 * The chunks of o with the authors' normaliser, whose memory R between chunks has a scale of its own. For positions i, j of a chunk, S_i the sum of row i of M [c, c], l_j = M[c-1, j] and L = Σ_j l_j:
 *
 *     A = (q kᵀ) * M / sqrt(S_i)                    isc_i = max(1, Σ_j |A_ij|)
 *     cross = q γ^(i+1) L / sqrt(S_i) · R           osc = max(1, max over dv of Σ over dk of |R|)
 *     o = (A v + cross) / max(isc, osc)             R <- γ^c R + kᵀ (v l_j / L)
 *
 * The divisor max(isc, osc) is a constant for the gradient.
 */
function torchscaleChunks(qs: tf.Tensor[], ks: tf.Tensor[], vs: tf.Tensor[], decays: readonly number[]): tf.Tensor[] {
  const c = qs[0].shape[2] as number;
  const M = normalizedDecayMatrix(decays, c);
  const L = decays.map((γ) => rowSum(γ, c - 1));
  const queryDecay = perHeadAndPosition(decays, c, (γ, i) => γ ** (i + 1) / Math.sqrt(rowSum(γ, i))).mul(perHead(L));
  const valueDecay = perHeadAndPosition(decays, c, (γ, j) => γ ** (c - 1 - j)).div(perHead(L));
  const chunkDecay = perHead(decays.map((γ) => γ ** c));

  let R: tf.Tensor | undefined;
  return qs.map((q, i) => {
    const A = tf.matMul(q, ks[i], false, true).mul(M);
    const isc = absoluteSum(A).maximum(1);
    const inner = tf.matMul(A, vs[i]);
    const osc = R ? R.abs().sum(2, true).max(3, true).maximum(1) : tf.scalar(1);
    const total = R ? inner.add(tf.matMul(q.mul(queryDecay), R)) : inner;
    const added = tf.matMul(ks[i], vs[i].mul(valueDecay), true, false);
    R = R ? R.mul(chunkDecay).add(added) : added;
    return divideByConstant(total, isc.maximum(osc));
  });
}

/** [batch, heads, time, size] in pieces of c positions, the last one filled up with zeros. */
function chunks(x: tf.Tensor, c: number): tf.Tensor[] {
  const time = x.shape[2] as number;
  // Not tf.split, which has no gradient where there is one piece.
  return Array.from({length: Math.ceil(time / c)}, (_, i) => {
    const missing = Math.max(0, (i + 1) * c - time);
    return growAxis(x.slice([0, 0, i * c, 0], [-1, -1, c - missing, -1]), 2, c);
  });
}

/** [batch, heads, time, size] as [batch, time, heads, size], and back. */
const swapHeadsAndTime = (x: tf.Tensor) => x.transpose([0, 2, 1, 3]);

/**
 * The recurrent form (equation 6), any number of positions after any others, each at constant cost:
 *
 *     s' = γ s + 1;   S' = γ S + k vᵀ;   o = S'ᵀ q / sqrt(s')         padding adds neither the 1 nor k vᵀ
 *
 * @param q, k [batch, heads, time, key size], v [batch, heads, time, value size]
 * @param decays γ of each head.
 * @param memory Of the positions before; null at the first.
 * @returns `output` o [batch, heads, time, value size] and the memory after the last position.
 */
export function retentionRecurrent(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  memory: RetentionMemory | null,
  {mask}: RetentionOptions = {},
): {output: tf.Tensor; memory: RetentionMemory} {
  requireRetention('retentionRecurrent', {q, k, v}, decays);
  return tf.tidy(() => {
    const [first, second, third] = [q, keptKeys(k, mask), v].map(swapHeadsAndTime);
    const decay = tf.tensor1d(decays.map(Math.log));
    const {output, state} = linearRecurrence(first, second, third, {decay, state: memory?.keyValue});
    const scales = scalesOf(decays, q.shape[2] as number, {mask, before: memory?.scale});
    const scale = lastPosition(scales);
    return {output: swapHeadsAndTime(output).div(rootOf(scales, mask)), memory: {keyValue: state, scale}};
  });
}

/** s at each position of a piece, [heads, length, 1], or [batch, heads, length, 1] where there is or was padding. */
function scalesOf(
  decays: readonly number[],
  length: number,
  {mask, before}: {mask?: tf.Tensor; before?: tf.Tensor},
): tf.Tensor {
  if (mask) return maskedScales(decays, mask, before);
  const fresh = perHeadAndPosition(decays, length, rowSum);
  if (!before) return fresh;
  const kept = perHeadAndPosition(decays, length, (γ, i) => γ ** (i + 1));
  return before.expandDims(-1).expandDims(-1).mul(kept).add(fresh);
}

/** sqrt(s); 1 where a row has no token yet, whose output is 0. */
const rootOf = (scales: tf.Tensor, mask: tf.Tensor | undefined) => (mask ? scales.maximum(1) : scales).sqrt();

/** The last position of [..., length, 1], [...]. */
function lastPosition(scales: tf.Tensor): tf.Tensor {
  const axis = scales.rank - 2;
  const begin = new Array(scales.rank).fill(0).with(axis, (scales.shape[axis] as number) - 1);
  return scales.slice(begin, scales.shape.with(axis, 1)).reshape(scales.shape.slice(0, axis));
}

/** The same by its recurrence, s' = γ s + mask. */
function maskedScales(decays: readonly number[], mask: tf.Tensor, before?: tf.Tensor): tf.Tensor {
  const [batch, length] = mask.shape as number[];
  const heads = decays.length;
  const ones = tf.ones([batch, length, heads, 1]);
  const tokens = ones.mul(mask.toFloat().reshape([batch, length, 1, 1]));
  const state = before && tf.broadcastTo(before, [batch, heads]).reshape([batch, heads, 1, 1]);
  const {output} = linearRecurrence(ones, tokens, ones, {decay: tf.tensor1d(decays.map(Math.log)), state});
  return swapHeadsAndTime(output);
}
