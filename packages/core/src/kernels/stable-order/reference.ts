import * as tf from '@tensorflow/tfjs';

/** One more than the largest whole number of a tensor. */
const limit = 2 ** 31;

/**
 * The definition of `stableOrder`: the keys with their places as lowest digits are all different, and sorted as one number.
 * Where there is no room for both in a number, the low digits of the keys are sorted first, then the high ones.
 */
export function stableOrderReference(keys: tf.Tensor, bound: number): tf.Tensor {
  const length = keys.shape[keys.rank - 1] as number;
  if (keys.size === 0) return keys.clone();
  const largest = Math.floor((limit - 1) / length);
  if (bound <= largest) return sortedAsNumbers(keys, length, bound);
  const digit = Math.min(largest, 2 ** 15);
  const base = tf.scalar(digit, 'int32');
  const rows = keys.reshape([-1, length]);
  const low = sortedAsNumbers(rows.mod(base), length, digit);
  const high = tf.gather(rows.floorDiv(base).toInt(), low, 1, 1);
  const order = stableOrderReference(high, Math.ceil(bound / digit));
  return tf.gather(low, order, 1, 1).reshape(keys.shape);
}

function sortedAsNumbers(keys: tf.Tensor, length: number, bound: number): tf.Tensor {
  const number = keys.mul(tf.scalar(length, 'int32')).add(tf.range(0, length, 1, 'int32'));
  // The largest first, of what is the larger the smaller the number is.
  return tf.topk(tf.scalar(bound * length, 'int32').sub(number), length).indices;
}
