/**
 * Locality-sensitive hashing (Andoni et al. 2015; Kitaev, Kaiser and Levskaya 2020, "Reformer: The Efficient Transformer",
 * arXiv 2001.04451, section 2): vectors that point the same way fall into the same bucket.
 *
 *     B    batch                       H    heads
 *     T    positions                   d    size of a head
 *     u    queries and keys in one [B, H, T, d]
 *     R    rounds                      N    buckets, the product of the factors n_1, n_2, ...
 *     rot  random rotations [H, d, R, Σ n_i / 2]
 */
import * as tf from '@tensorflow/tfjs';
import {type Random, requireArgument, requireRank, ShapeError} from '@variants/core';

/** Number of buckets, or factors whose product it is; even numbers. */
export type BucketCount = number | readonly number[];

/** The factors of a number of buckets: itself alone where it is one number. */
const factorsOf = (numBuckets: BucketCount): readonly number[] =>
  typeof numBuckets === 'number' ? [numBuckets] : numBuckets;

/** N, how many buckets there are. */
export const bucketsIn = (numBuckets: BucketCount): number =>
  factorsOf(numBuckets).reduce((n, factor) => n * factor, 1);

/** Whether it is an even number of at least 2, or a list of some. */
export const isBucketCount = (value: unknown): value is BucketCount => {
  const isFactor = (factor: unknown) =>
    Number.isSafeInteger(factor) && (factor as number) >= 2 && (factor as number) % 2 === 0;
  return Array.isArray(value) ? value.length > 0 && value.every(isFactor) : isFactor(value);
};

/** In words, for messages. */
export const allowedBuckets = 'an even number of at least 2, or a list of them';

/** The shape [heads, size, rounds, Σ factors / 2] of the rotations that a hash takes. */
export function rotationShape(heads: number, size: number, rounds: number, numBuckets: BucketCount): number[] {
  return [heads, size, rounds, factorsOf(numBuckets).reduce((sum, factor) => sum + factor, 0) / 2];
}

/** Random rotations of a {@link rotationShape}, drawn from N(0, 1). */
export function drawRotations(shape: readonly number[], random: Random): Float32Array {
  return Float32Array.from({length: tf.util.sizeFromShape([...shape])}, () => random.normal());
}

/**
 * The bucket of each vector in each round. Without a gradient.
 *
 *     a = u rot, cut into parts of n_i / 2 features;   b_i = argmax [a_i, -a_i];   bucket = b_1 + n_1 b_2 + n_1 n_2 b_3 + ...
 *
 * @param u [batch, heads, time, size]
 * @param rotations [heads or 1, size, rounds, Σ factors / 2]
 * @returns [batch, heads, rounds, time] int32, 0 to N - 1
 * @throws ShapeError where the rotations are no such ones; ConfigError for buckets that are no even numbers.
 */
export function lshBuckets(u: tf.Tensor, rotations: tf.Tensor, numBuckets: BucketCount): tf.Tensor4D {
  requireRank('lshBuckets', {u}, '[batch, heads, time, size]');
  requireRank('lshBuckets', {rotations}, '[heads, size, rounds, buckets]');
  requireArgument('lshBuckets', 'numBuckets', numBuckets, isBucketCount(numBuckets), allowedBuckets);
  const [batch, heads, time, size] = u.shape as number[];
  const [own, , rounds, columns] = rotations.shape as number[];
  const wanted = rotationShape(own === 1 ? 1 : heads, size, rounds, numBuckets);
  if (rotations.shape.join() !== wanted.join())
    throw new ShapeError(
      `lshBuckets: rotations [${rotations.shape}] must be [${wanted}] for ${heads} heads of ${size} and numBuckets ${numBuckets}`,
    );
  return tf.tidy(() => {
    const rotated = tf.matMul(u, rotations.reshape([1, own, size, rounds * columns]).tile([batch, heads / own, 1, 1]));
    const a = rotated.reshape([batch, heads, time, rounds, columns]);
    let [start, weight] = [0, 1];
    const digits = factorsOf(numBuckets).map((factor) => {
      const part = a.slice([0, 0, 0, 0, start], [-1, -1, -1, -1, factor / 2]);
      const digit = tf.concat([part, part.neg()], -1).argMax(-1).mul(tf.scalar(weight, 'int32'));
      start += factor / 2;
      weight *= factor;
      return digit;
    });
    return digits.reduce((sum, digit) => sum.add(digit)).transpose([0, 1, 3, 2]) as tf.Tensor4D;
  });
}

/**
 * As many buckets as the authors' code takes where it is told none: a power of two of about 2 time / chunkLength, in two
 * factors where that is much.
 */
export function usualBuckets(time: number, chunkLength: number, maxSequenceLength: number): number | number[] {
  const power = Math.max(1, Math.floor(Math.log2(Math.max(1, 2 * Math.floor(time / chunkLength)))));
  const limit = 2 * Math.max(Math.floor(Math.sqrt(Math.floor(maxSequenceLength / chunkLength))), chunkLength);
  if (2 ** power <= limit) return 2 ** power;
  const half = Math.floor(power / 2);
  return [2 ** half, 2 ** (power - half)];
}
