/**
 * Linear attention on given features (Katharopoulos et al. 2020; Choromanski et al. 2021, section 2.2 and appendix B.1): in
 * place of every pair of positions, a sum over keys that all queries read.
 *
 *     φq, φk   features of queries and keys [batch, heads, time, m]        v'   values and a 1 [batch, heads, time, e + 1]
 *     S        Σ φk v'ᵀ [m, e + 1], whose last column is z = Σ φk          o    output [batch, heads, time, e]
 *
 * Where features are exponentials, those of key j are held relative to the largest exponent M_j of the keys up to j, so that
 * none overflows and no later key changes an earlier one. M never falls: what was relative to M_j becomes relative to M_i by
 * a factor e^(M_j - M_i) of at most 1, which is a decay of the recurrence S.
 */
import * as tf from '@tensorflow/tfjs';
import {
  linearRecurrence,
  padAxis,
  requireArgument,
  requireCount,
  requireOptions,
  requireRank,
  withoutGradient,
} from '@variants/core';
import {requireHeads, tidied} from './checks';
import {type LinearMemory, requireMemory} from './memory';

/** Below every exponent: M before the first key. */
export const noMaximum = -1e30;

/** Added to each entry of z by the causal forms. */
const denominatorEpsilon = 1e-6;

/** What {@link causalSums} is given. */
export interface CausalSums {
  /** φq [batch, heads, time, m] */
  queries: tf.Tensor;
  /** φk, or where there are `maxima`, e^(exponent - M_j) of each key, like queries. */
  keys: tf.Tensor;
  /** v' [batch, heads, time, e + 1], zeros where a key is padding. */
  values: tf.Tensor;
  /** M_j of each position [batch, heads, time]; null where features are no exponentials. */
  maxima: tf.Tensor | null;
  /** ε, added to each exponential. */
  epsilon: number;
}

/** v and a column of ones. */
export function withOnes(values: tf.Tensor): tf.Tensor {
  return tf.concat([values, tf.ones([...values.shape.slice(0, -1), 1])], -1);
}

/** What is left of numerators and denominators: [..., e + 1] to [..., e]. `more` is added to the denominators. */
export function ratio(sums: tf.Tensor, more: tf.Tensor | null): tf.Tensor {
  const e = (sums.shape[sums.rank - 1] as number) - 1;
  const [numerators, denominators] = tf.split(sums, [e, 1], -1);
  return numerators.div(more ? denominators.add(more) : denominators);
}

/**
 * For each position i the sums over the keys up to it, of any number of positions after any others:
 *
 *     φq_i · Σ_{j <= i} (e^(M_j - M_i) φk_j + ε) v'_jᵀ
 *
 * in chunks of c positions. Inside of a chunk that is a masked product of queries and keys; what came before it is read from
 * S, which `linearRecurrence` carries from chunk to chunk. One position alone is a step of that recurrence.
 * @param memory Of the positions before; null at the first.
 * @returns `sums` [batch, heads, time, e + 1] and the memory after the last position.
 */
export function causalSums(
  given: CausalSums,
  memory: LinearMemory | null,
  chunkSize: number,
): {sums: tf.Tensor; memory: LinearMemory} {
  return (given.queries.shape[2] as number) === 1 && memory ? step(given, memory) : inChunks(given, memory, chunkSize);
}

function step(
  {queries, keys, values, maxima, epsilon}: CausalSums,
  memory: LinearMemory,
): {sums: tf.Tensor; memory: LinearMemory} {
  const [batch, heads, , m] = queries.shape as number[];
  // One position: [batch, heads, 1, size] and [batch, 1, heads, size] have their values in the same places.
  const inTime = (x: tf.Tensor) => x.reshape([batch, 1, heads, -1]);
  const fallen = maxima && memory.max && inTime(memory.max.sub(maxima)).tile([1, 1, 1, m]);
  const {output, state} = linearRecurrence(inTime(queries), inTime(keys), inTime(values), {
    ...(fallen && {decay: fallen}),
    state: memory.sums,
  });
  const sums = output.reshape(values.shape);
  if (!memory.values) return {sums, memory: {sums: state, values: null, max: maxima}};
  const all = memory.values.add(values);
  const plain = queries.sum(-1, true).mul(epsilon).mul(all);
  return {sums: sums.add(plain), memory: {sums: state, values: all, max: maxima}};
}

function inChunks(
  given: CausalSums,
  memory: LinearMemory | null,
  chunkSize: number,
): {sums: tf.Tensor; memory: LinearMemory} {
  const [batch, heads, time, m] = given.queries.shape as number[];
  const width = given.values.shape[3] as number;
  const rows = batch * heads;
  const c = Math.min(chunkSize, time);
  const n = Math.ceil(time / c);
  const cut = (x: tf.Tensor) => padAxis(x, 2, 0, n * c - time).reshape([rows * n, c, -1]);
  const [q, k, v] = [given.queries, given.keys, given.values].map(cut);
  const decays = given.maxima && decaysOf(given.maxima, memory?.max ?? null, {rows, n, c});
  const visible = withoutGradient(() => tf.linalg.bandPart(tf.ones([1, c, c]), -1, 0));

  const scores = tf.matMul(q, k, false, true);
  const inner = tf.matMul(scores.mul(decays?.inside ?? visible), v);
  const added = tf.matMul(k, decays ? v.mul(decays.toEnd) : v, true, false);
  const carried = carry(added.reshape([rows, n, m * width]), decays?.across ?? null, memory?.sums ?? null);
  const read = carried.before && tf.matMul(q, carried.before.reshape([rows * n, m, width]));
  const outer = read && (decays ? read.mul(decays.fromStart) : read);
  const weighed = outer ? inner.add(outer) : inner;

  const hasEpsilon = given.epsilon > 0;
  const total = hasEpsilon ? carry(v.sum(1).reshape([rows, n, width]), null, memory?.values ?? null) : null;
  const uncut = (x: tf.Tensor) => x.reshape([batch, heads, n * c, width]).slice([0, 0, 0, 0], [-1, -1, time, -1]);
  const next: LinearMemory = {
    sums: carried.last.reshape([batch, heads, m, width]),
    values: total?.last.reshape([batch, heads, 1, width]) ?? null,
    max: given.maxima?.slice([0, 0, time - 1], [-1, -1, 1]) ?? null,
  };
  if (!total) return {sums: uncut(weighed), memory: next};
  const inside = tf.matMul(visible.tile([rows * n, 1, 1]), v);
  const all = total.before ? inside.add(total.before.reshape([rows * n, 1, width])) : inside;
  const plain = q.sum(-1, true).mul(given.epsilon).mul(all);
  return {sums: uncut(weighed.add(plain)), memory: next};
}

/** What relates the exponentials of chunks to each other. None has a gradient. */
interface Decays {
  /** e^(M_j - M_i) where j <= i, else 0: [rows · n, c, c] */
  inside: tf.Tensor;
  /** From each key to the end of its chunk: [rows · n, c, 1] */
  toEnd: tf.Tensor;
  /** From the end of the chunk before to each query: [rows · n, c, 1] */
  fromStart: tf.Tensor;
  /** The logarithm of the same over each whole chunk: [rows, n, 1] */
  across: tf.Tensor;
}

function decaysOf(
  maxima: tf.Tensor,
  before: tf.Tensor | null,
  {rows, n, c}: {rows: number; n: number; c: number},
): Decays {
  return withoutGradient(() => {
    const time = maxima.shape[2] as number;
    const flat = maxima.reshape([rows, time]);
    const last = flat.slice([0, time - 1], [-1, 1]);
    const M = n * c > time ? tf.concat([flat, last.tile([1, n * c - time])], 1) : flat;
    const chunks = M.reshape([rows, n, c]);
    const ends = chunks.slice([0, 0, c - 1], [-1, -1, 1]);
    const first = before ? before.reshape([rows, 1, 1]) : tf.fill([rows, 1, 1], noMaximum);
    const starts = n > 1 ? tf.concat([first, ends.slice([0, 0, 0], [-1, n - 1, -1])], 1) : first;
    const column = chunks.reshape([rows * n, c, 1]);
    const differences = column
      .reshape([rows * n, 1, c])
      .sub(column)
      .minimum(0);
    return {
      inside: tf.linalg.bandPart(differences.exp(), -1, 0),
      toEnd: column.sub(ends.reshape([rows * n, 1, 1])).exp(),
      fromStart: starts
        .reshape([rows * n, 1, 1])
        .sub(column)
        .exp(),
      across: starts.sub(ends),
    };
  });
}

/**
 * S_c = e^(across_c) S_{c-1} + x_c over the chunks c of x [rows, n, size].
 * @param first S before the first chunk, of `rows · size` values; null for zeros.
 * @returns `before`, S_{c-1} of each chunk, null where all are zeros, and `last`, S after the last [rows, size].
 */
function carry(
  x: tf.Tensor,
  across: tf.Tensor | null,
  first: tf.Tensor | null,
): {before: tf.Tensor | null; last: tf.Tensor} {
  const [rows, n, size] = x.shape as number[];
  const start = first?.reshape([rows, 1, 1, size]);
  if (n === 1 && !start) return {before: null, last: x.reshape([rows, size])};
  const one = tf.ones([rows, n, 1, 1]);
  const options = {...(across && {decay: across}), ...(start && {state: start})};
  const {output, state} = linearRecurrence(one, one, x.reshape([rows, n, 1, size]), options);
  const head = start ? start.reshape([rows, 1, size]) : tf.zeros([rows, 1, size]);
  const earlier = output.reshape([rows, n, size]).slice([0, 0, 0], [-1, n - 1, -1]);
  return {before: n === 1 ? head : tf.concat([head, earlier], 1), last: state.reshape([rows, size])};
}

/** The largest of each position and those before it, of x [batch, heads, time] and of what came before [batch, heads, 1]. */
export function runningMaximum(x: tf.Tensor, before: tf.Tensor | null): tf.Tensor {
  return withoutGradient(() => {
    const time = x.shape[2] as number;
    let largest = x;
    for (let reach = 1; reach < time; reach *= 2) {
      const earlier = largest.slice([0, 0, 0], [-1, -1, time - reach]);
      largest = largest.maximum(padAxis(earlier, 2, reach, 0, noMaximum));
    }
    return before ? largest.maximum(before) : largest.clone();
  });
}

/** What the causal forms add to a denominator: 1e-6 to each entry of z, [batch, heads, time, 1]. `factor` is of what z is in. */
export function denominatorRest(queries: tf.Tensor, factor: number | tf.Tensor = 1): tf.Tensor {
  return queries.sum(-1, true).mul(denominatorEpsilon).mul(factor);
}

/** Options of {@link linearAttention}. */
export interface LinearAttentionOptions {
  /** A query sees the keys up to its own position alone. Default false. */
  causal?: boolean;
  /** c of the causal form, which says how fast it is and nothing else. Default 128. */
  chunkSize?: number;
  /** Of the positions before, for the causal form. Default: there are none. */
  memory?: LinearMemory | null;
}

/** Positions of a chunk by default: long enough for products of matrices to be fast, short beside the features of a head. */
export const defaultChunkSize = 128;

/**
 * Linear attention on given features, of both directions or causal:
 *
 *     o_i = φq_i · Σ_j φk_j v_jᵀ / φq_i · Σ_j φk_j          causal: j <= i, and 1e-6 is added to each entry of the lower sum
 *
 * @param queries φq [batch, heads, queries, m]
 * @param keys φk [batch, heads, keys, m]
 * @param values v [batch, heads, keys, e]
 * @returns `output` o [batch, heads, queries, e], and `memory`, the sums over all keys.
 * @throws ShapeError where the shapes do not go together.
 */
export function linearAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: LinearAttentionOptions = {},
): {output: tf.Tensor; memory: LinearMemory} {
  requireOptions('linearAttention', options, ['causal', 'chunkSize', 'memory']);
  const {causal = false, chunkSize = defaultChunkSize, memory = null} = options;
  requireRank('linearAttention', {queries, keys, values}, '[batch, heads, time, size]');
  requireHeads('linearAttention', {queries, keys, values}, causal);
  requireCount('linearAttention', 'chunkSize', chunkSize);
  requireMemory('linearAttention', memory, {keys, values}, null);
  requireArgument('linearAttention', 'memory', memory, causal || memory === null, 'null unless causal is true');
  return tidied(() => {
    const extended = withOnes(values);
    if (causal) {
      const given = {queries, keys, values: extended, maxima: null, epsilon: 0};
      const {sums, memory: next} = causalSums(given, memory, chunkSize);
      return {output: ratio(sums, denominatorRest(queries)), memory: next};
    }
    const sums = tf.matMul(keys, extended, true, false);
    return {output: ratio(tf.matMul(queries, sums), null), memory: {sums, values: null, max: null}};
  });
}
