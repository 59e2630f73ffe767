/**
 * Features φ whose products approximate a kernel of queries and keys (Choromanski et al. 2021, arXiv 2009.14794).
 *
 *     x    queries or keys [batch, heads, time, d]       P    projection [m, d], rows are directions
 *     u    (c x) Pᵀ [batch, heads, time, m]              c    d^-0.25, so that c q · c k = q · k / sqrt(d)
 *     D    c² |x|² / 2 [batch, heads, time, 1]           ε    what is added to every feature
 */
import * as tf from '@tensorflow/tfjs';
import {
  activation,
  ConfigError,
  requireArgument,
  requireGiven,
  requireOptions,
  requireRank,
  ShapeError,
  withoutGradient,
} from '@variants/core';

/** ε of softmax features. */
export const softmaxEpsilon = 1e-4;
/** ε of all others. */
const kernelEpsilon = 1e-3;

const functions = {
  relu: activation('relu'),
  exp: (x: tf.Tensor) => x.exp(),
  gelu: activation('gelu'),
  /** elu(x) + 1 (Katharopoulos et al. 2020). */
  elu: (x: tf.Tensor) => x.elu().add(1),
};

/** A function of generalised attention, applied to each projected feature. */
export type KernelFunction = keyof typeof functions;

/** All names of {@link KernelFunction}. */
const kernelFunctions = Object.keys(functions) as KernelFunction[];

/**
 * The features of an attention: 'softmax', FAVOR+'s positive ones, which approximate exp(q · k / sqrt(d)); a function of the
 * projected features, which defines a kernel of its own; 'none', softmax over the features of a query and exponentials of
 * those of a key, without a projection (Shen et al. 2018, "Efficient Attention").
 */
export type FeatureKind = 'softmax' | KernelFunction | 'none';

/** All names of {@link FeatureKind}. */
export const featureKinds: readonly FeatureKind[] = ['softmax', ...kernelFunctions, 'none'];

/** u and D of x, see the glossary. */
export function exponents(x: tf.Tensor, projection: tf.Tensor, normalize = true): {u: tf.Tensor; D: tf.Tensor} {
  const scaled = normalize ? x.mul((x.shape[x.rank - 1] as number) ** -0.25) : x;
  return {u: project(scaled, projection), D: scaled.square().sum(-1, true).mul(0.5)};
}

/** x Pᵀ, [..., d] and [m, d] to [..., m]. */
function project(x: tf.Tensor, projection: tf.Tensor): tf.Tensor {
  const [m, d] = projection.shape as number[];
  return tf.matMul(x.reshape([-1, d]), projection, false, true).reshape([...x.shape.slice(0, -1), m]);
}

/** exp(u - D - the largest u of each position) + ε: features of queries but for m^-0.5, which cancels in attention. */
export function queryFeatures({u, D}: {u: tf.Tensor; D: tf.Tensor}, epsilon = softmaxEpsilon): tf.Tensor {
  const largest = withoutGradient(() => u.max(-1, true));
  const positive = u.sub(D.add(largest)).exp();
  return epsilon === 0 ? positive : positive.add(epsilon);
}

/** Options of {@link softmaxFeatures}. */
export interface SoftmaxFeatureOptions {
  /** Whose they are: what is subtracted is the largest u of each query, or of all keys of a head. */
  of: 'queries' | 'keys';
  /** ε. Default 1e-4. */
  epsilon?: number;
  /** Multiplies x by c; without it c is 1, and products approximate exp(q · k). Default true. */
  normalize?: boolean;
}

/**
 * Positive features of the softmax kernel, whose products have exp(q · k / sqrt(d)) for their mean up to one factor for each
 * query and one for each head:
 *
 *     φ(x) = m^-0.5 (exp(u - D - max u) + ε)
 *
 * The maxima are constants for the gradient. D is not bounded by them: where |x| is large all exponentials vanish beside ε.
 * @param x [batch, heads, time, d]
 * @param projection P [m, d]
 * @returns [batch, heads, time, m]
 */
export function softmaxFeatures(x: tf.Tensor, projection: tf.Tensor, options: SoftmaxFeatureOptions): tf.Tensor {
  requireGiven('softmaxFeatures', options, ['of', 'epsilon', 'normalize']);
  requireRank('softmaxFeatures', {projection}, '[features, size]');
  requireFeatureInputs('softmaxFeatures', x, projection);
  const {of, epsilon = softmaxEpsilon, normalize = true} = options;
  requireArgument('softmaxFeatures', 'of', of, of === 'queries' || of === 'keys', 'one of queries, keys');
  requireEpsilon('softmaxFeatures', epsilon);
  return tf.tidy(() => {
    const given = exponents(x, projection, normalize);
    const {u, D} = given;
    const rootOfCount = (projection.shape[0] as number) ** -0.5;
    if (of === 'queries') return queryFeatures(given, epsilon).mul(rootOfCount);
    const largest = withoutGradient(() => u.max([-2, -1], true));
    return u.sub(D.add(largest)).exp().add(epsilon).mul(rootOfCount);
  });
}

/** Options of {@link generalizedFeatures}. */
export interface GeneralizedFeatureOptions {
  /** f. Default 'relu'. */
  kernel?: KernelFunction;
  /** ε. Default 1e-3. */
  epsilon?: number;
  /** Multiplies x by c. Default true. */
  normalize?: boolean;
}

/**
 * Features of generalised attention, the same for queries and keys:
 *
 *     φ(x) = f((c x) Pᵀ) + ε
 *
 * @param x [batch, heads, time, d]
 * @param projection P [m, d]; null for f(c x) + ε.
 * @returns [batch, heads, time, m]
 */
export function generalizedFeatures(
  x: tf.Tensor,
  projection: tf.Tensor | null,
  options: GeneralizedFeatureOptions = {},
): tf.Tensor {
  requireOptions('generalizedFeatures', options, ['kernel', 'epsilon', 'normalize']);
  requireFeatureInputs('generalizedFeatures', x, projection);
  const {kernel = 'relu', epsilon = kernelEpsilon, normalize = true} = options;
  requireEpsilon('generalizedFeatures', epsilon);
  if (!kernelFunctions.includes(kernel))
    throw new ConfigError(
      `generalizedFeatures: kernel is ${JSON.stringify(kernel)}, but must be one of ${kernelFunctions.join(', ')}`,
    );
  return tf.tidy(() => {
    const scaled = normalize ? x.mul((x.shape[3] as number) ** -0.25) : x;
    return functions[kernel](projection ? project(scaled, projection) : scaled).add(epsilon);
  });
}

/** Throws a ShapeError unless a projection is there for the features of x. */
export function requireFeatureInputs(owner: string, x: tf.Tensor, projection: tf.Tensor | null): void {
  requireRank(owner, {x}, '[batch, heads, time, size]');
  if (!projection) return;
  requireRank(owner, {projection}, '[features, size]');
  if (projection.shape[1] !== x.shape[3])
    throw new ShapeError(
      `${owner}: projection [${projection.shape}] must be [features, ${x.shape[3]}], as x is [${x.shape}]`,
    );
}

function requireEpsilon(owner: string, epsilon: number): void {
  requireArgument(owner, 'epsilon', epsilon, Number.isFinite(epsilon) && epsilon >= 0, 'a number of at least 0');
}
