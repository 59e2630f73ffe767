import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes, AttentionInputs} from './types';

/**
 * What is added to the scores so that a query sees what it may: 0 or -infinity, [queries, keys]; null where all see all.
 * Query i is at position i + keyLength - queries. Composed of tensors, since the key length may be known to the device
 * alone.
 */
export function visibilityBias(
  {queries, keys, keyLength}: AttentionInputs,
  {causal, window, sinks}: AttentionAttributes,
): tf.Tensor | null {
  if (!causal && !keyLength) return null;
  const [numQueries, numKeys] = [queries.shape[2], keys.shape[2]] as number[];
  const key = tf.range(0, numKeys);
  const length = keyLength?.toFloat().clipByValue(0, numKeys) ?? tf.scalar(numKeys);
  let visible: tf.Tensor = key.less(length).expandDims(0);
  if (causal) {
    const position = tf.range(0, numQueries).expandDims(1).add(length.sub(numQueries));
    visible = visible.logicalAnd(key.lessEqual(position));
    if (window !== null) visible = visible.logicalAnd(key.greater(position.sub(window)).logicalOr(key.less(sinks)));
  }
  return tf.where(visible, tf.scalar(0), tf.scalar(Number.NEGATIVE_INFINITY));
}

/** Keys or values with zeros for those that are not there yet, whatever their memory holds. */
export function presentRows(rows: tf.Tensor, keyLength: tf.Tensor | undefined): tf.Tensor {
  if (!keyLength) return rows;
  const present = tf.range(0, rows.shape[2] as number).less(keyLength.toFloat());
  return tf.where(present.expandDims(1), rows, tf.zerosLike(rows));
}
