/**
 * Attention by random features (FAVOR+, Choromanski et al. 2021, "Rethinking Attention with Performers", arXiv 2009.14794).
 * Symbols are those of `features.ts` and `linear-attention.ts`.
 */
import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  requireCount,
  requireOptionalTensors,
  requireOptions,
  requireRank,
  ShapeError,
  withoutGradient,
} from '@variants/core';
import {requireHeads, tidied} from './checks';
import {
  exponents,
  type FeatureKind,
  featureKinds,
  generalizedFeatures,
  queryFeatures,
  requireFeatureInputs,
  softmaxEpsilon,
} from './features';
import {
  causalSums,
  defaultChunkSize,
  denominatorRest,
  noMaximum,
  ratio,
  runningMaximum,
  withOnes,
} from './linear-attention';
import {type LinearMemory, requireMemory} from './memory';

/** What exponentials of keys are held relative to, so that none overflows, in causal attention. */
export type Stabilizer = 'running' | 'sequence';

/** What becomes of keys that are padding. */
export type PaddingForm = 'hidden' | 'valueless';

/** Options of {@link favorAttention}. */
export interface FavorOptions {
  /** P [m, d]; not for features 'none'. */
  projection?: tf.Tensor | null;
  /** Default 'softmax'. */
  features?: FeatureKind;
  /** A query sees the keys up to its own position alone. Default false. */
  causal?: boolean;
  /**
   * Of softmax features, where causal. 'running': the largest exponent of the keys so far, so that no output depends on what
   * comes later. 'sequence': the largest of all keys, as in the widely used implementation, through which ε lets the future
   * leak into the past; for parity alone. Streams know no future and have the first. Default 'running'.
   */
  stabilizer?: Stabilizer;
  /** [batch, keys], 1 = a token, 0 = padding. Default: all are tokens. */
  mask?: tf.Tensor | null;
  /**
   * 'hidden': padding leaves no trace. 'valueless': its values are zeros, but its keys stay in the denominator and in what
   * exponentials are relative to, as in the widely used implementation. Default 'hidden'.
   */
  padding?: PaddingForm;
  /** Positions of a chunk of the causal form, which says how fast it is and nothing else. Default 128. */
  chunkSize?: number;
}

const optionNames = ['projection', 'features', 'causal', 'stabilizer', 'mask', 'padding', 'chunkSize'];

/**
 * Attention in linear time, whose weights are products of features in place of exp(q · k / sqrt(d)):
 *
 *     o_i = φ(q_i) · Σ_j φ(k_j) v_jᵀ / φ(q_i) · Σ_j φ(k_j)          causal: j <= i
 *
 * With features 'softmax' it approximates softmax attention, the better the more features and the smaller queries and keys.
 * @param queries [batch, heads, queries, d]
 * @param keys [batch, heads, keys, d]
 * @param values [batch, heads, keys, e]
 * @returns [batch, heads, queries, e]
 * @throws ShapeError where the shapes do not go together, ConfigError for an option that there is not.
 */
export function favorAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: FavorOptions = {},
): tf.Tensor {
  checkCall('favorAttention', {queries, keys, values}, options, options?.causal ?? false);
  if (options.causal) return tf.tidy(() => causalFavor({queries, keys, values}, null, options).output);
  return tf.tidy(() => readSums(queries, favorSums({keys, values}, options), options));
}

/** What a piece of a causal sequence gives. */
export interface FavorStep {
  /** [batch, heads, time, e] */
  output: tf.Tensor;
  /** After the last position. */
  memory: LinearMemory;
}

/**
 * Causal attention to the next positions of a stream, one or many, at constant cost each and with a memory of constant size:
 *
 *     M' = max(M, max u);   S <- e^(M - M') S + e^(u - D - M') v'ᵀ;   o = φ(q) · (S + ε Σ v') as numerators and denominator
 *
 * @param queries, keys [batch, heads, time, d]
 * @param values [batch, heads, time, e]
 * @param memory What the call before returned; null at the start. It stays the caller's.
 * @param options As of {@link favorAttention}; always causal, with the stabilizer 'running'.
 */
export function favorAdvance(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  memory: LinearMemory | null,
  options: Omit<FavorOptions, 'causal' | 'stabilizer'> = {},
): FavorStep {
  checkCall('favorAdvance', {queries, keys, values}, options, true);
  requireMemory(
    'favorAdvance',
    memory,
    {keys, values},
    options.features === 'none' ? null : (options.projection?.shape[0] ?? null),
  );
  return tidied(() => causalFavor({queries, keys, values}, memory, {...options, stabilizer: 'running'}));
}

type Heads = {queries: tf.Tensor; keys: tf.Tensor; values: tf.Tensor};

/** [batch, keys] as [batch, 1, keys, 1]. */
const asColumn = (mask: tf.Tensor) => mask.toFloat().reshape([mask.shape[0], 1, mask.shape[1] as number, 1]);

/** v', without what is padding. */
function extended(values: tf.Tensor, {mask, padding = 'hidden'}: FavorOptions): tf.Tensor {
  if (!mask) return withOnes(values);
  const column = asColumn(mask);
  return padding === 'hidden' ? withOnes(values).mul(column) : withOnes(values.mul(column));
}

/** What is no token to the features either: the mask as a column, or null. */
const hiding = ({mask, padding = 'hidden'}: FavorOptions) => (mask && padding === 'hidden' ? asColumn(mask) : null);

/** Exponents where a key is there, and far below all others where not. */
const where = (column: tf.Tensor | null, x: tf.Tensor) =>
  column ? x.mul(column).add(column.sub(1).mul(-noMaximum)) : x;

function causalFavor({queries, keys, values}: Heads, memory: LinearMemory | null, options: FavorOptions): FavorStep {
  const {features = 'softmax', projection = null, chunkSize = defaultChunkSize, stabilizer = 'running'} = options;
  const ones = extended(values, options);
  const column = hiding(options);
  if (features !== 'softmax' && features !== 'none') {
    const [q, k] = [queries, keys].map((x) => generalizedFeatures(x, projection, {kernel: features}));
    const given = {queries: q, keys: column ? k.mul(column) : k, values: ones, maxima: null, epsilon: 0};
    const {sums, memory: next} = causalSums(given, memory, chunkSize);
    return {output: ratio(sums, denominatorRest(q)), memory: next};
  }
  const isSoftmax = features === 'softmax';
  const {u, D} = isSoftmax ? exponents(keys, projection as tf.Tensor) : {u: keys, D: tf.zeros([1, 1, 1, 1])};
  const maxima = withoutGradient(() => {
    const largest = where(column, u.max(-1, true)).squeeze([3]);
    if (stabilizer === 'running') return runningMaximum(largest, memory?.max ?? null);
    return largest.max(-1, true).tile([1, 1, keys.shape[2] as number]);
  });
  const shift = D.add(maxima.expandDims(-1));
  const exponentials = u.sub(column ? where(column, shift.neg()).neg() : shift).exp();
  const epsilon = isSoftmax ? softmaxEpsilon : 0;
  const q = isSoftmax ? queryFeatures(exponents(queries, projection as tf.Tensor)) : queries.softmax();
  const {sums, memory: next} = causalSums(
    {queries: q, keys: exponentials, values: ones, maxima, epsilon},
    memory,
    chunkSize,
  );
  // Relative to M as the sums are, for exponentials that the authors hold relative to nothing.
  const unit = isSoftmax
    ? Math.sqrt(u.shape[3] as number)
    : withoutGradient(() => maxima.neg().minimum(largestExponent).exp().expandDims(-1));
  return {output: ratio(sums, denominatorRest(q, unit)), memory: next};
}

/** Of e^x that is far from infinity. */
const largestExponent = 60;

/** Σ_j φ(k_j) v'_jᵀ of all keys, [batch, heads, m, e + 1]: all that attention of both directions needs of them. */
export function favorSums({keys, values}: Pick<Heads, 'keys' | 'values'>, options: FavorOptions): tf.Tensor {
  const {features = 'softmax', projection = null} = options;
  const column = hiding(options);
  const shown = (φ: tf.Tensor) => (column ? φ.mul(column) : φ);
  return tf.matMul(shown(allKeys()), extended(values, options), true, false);

  function allKeys(): tf.Tensor {
    if (features === 'none') {
      const given = where(column, keys);
      const largest = withoutGradient(() => given.max(2, true));
      const exponentials = given.sub(largest).exp();
      return exponentials.div(exponentials.sum(2, true));
    }
    if (features !== 'softmax') return generalizedFeatures(keys, projection, {kernel: features});
    const {u, D} = exponents(keys, projection as tf.Tensor);
    const largest = withoutGradient(() => where(column, u.max(-1, true)).max(2, true));
    // Where all is padding there is no largest, and what is multiplied by 0 must be a number.
    const shift = D.add(column ? largest.maximum(noMaximum / 2) : largest);
    return u
      .sub(column ? where(column, shift.neg()).neg() : shift)
      .exp()
      .add(softmaxEpsilon);
  }
}

/** What queries read of {@link favorSums}. A query that sees padding alone gives 0. */
export function readSums(queries: tf.Tensor, sums: tf.Tensor, options: FavorOptions): tf.Tensor {
  const {features = 'softmax', projection = null} = options;
  const φ =
    features === 'none'
      ? queries.softmax()
      : features === 'softmax'
        ? queryFeatures(exponents(queries, projection as tf.Tensor))
        : generalizedFeatures(queries, projection, {kernel: features});
  const read = tf.matMul(φ, sums);
  // 1 where all keys are hidden, which leaves 0 / 0.
  const last = (read.shape[3] as number) - 1;
  return ratio(
    read,
    withoutGradient(() => read.slice([0, 0, 0, last]).equal(0).toFloat()),
  );
}

function checkCall(owner: string, heads: Heads, options: FavorOptions, causal: boolean): void {
  requireOptions(owner, options, optionNames);
  const {features = 'softmax', stabilizer = 'running', padding = 'hidden', chunkSize = defaultChunkSize} = options;
  requireRank(owner, {...heads}, '[batch, heads, time, size]');
  requireHeads(owner, heads, causal);
  requireOptionalTensors(owner, {projection: options.projection, mask: options.mask});
  for (const [name, value, allowed] of [
    ['features', features, featureKinds],
    ['stabilizer', stabilizer, ['running', 'sequence']],
    ['padding', padding, ['hidden', 'valueless']],
  ] as const)
    if (!(allowed as readonly string[]).includes(value))
      throw new ConfigError(`${owner}: ${name} is ${JSON.stringify(value)}, but must be one of ${allowed.join(', ')}`);
  if (features === 'softmax' && !options.projection)
    throw new ShapeError(`${owner}: projection is missing, but features ${features} need it, [features, size]`);
  requireFeatureInputs(owner, heads.queries, features === 'none' ? null : (options.projection ?? null));
  requireCount(owner, 'chunkSize', chunkSize);
  const [batch, , time] = heads.keys.shape;
  const {mask} = options;
  if (mask && mask.shape.join() !== [batch, time].join())
    throw new ShapeError(`${owner}: mask [${mask.shape}] must be [batch, keys], [${batch},${time}]`);
}
