import type * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors, ShapeError} from '@variants/core';

/** What a causal stream remembers, of a size that does not depend on how long it is. */
export type LinearMemory = {
  /** S, [batch, heads, m, e + 1], relative to M. */
  sums: tf.Tensor;
  /** Σ v', [batch, heads, 1, e + 1], which ε is multiplied with; null where features have none beside their exponentials. */
  values: tf.Tensor | null;
  /** M, [batch, heads, 1]; null where features are no exponentials. */
  max: tf.Tensor | null;
};

/**
 * Throws unless what a stream remembers, where it is there, goes with heads of so many features.
 * @param features m; null where features are those of keys themselves.
 */
export function requireMemory(
  owner: string,
  memory: LinearMemory | null,
  {keys, values}: {keys: tf.Tensor; values: tf.Tensor},
  features: number | null,
): void {
  if (memory === null) return;
  const isObject = typeof memory === 'object' && memory !== undefined && 'sums' in memory;
  requireArgument(owner, 'memory', memory, isObject, 'what a call before returned, or null');
  const {sums, values: all, max} = memory;
  requireTensors(owner, {'memory.sums': sums, ...(all && {'memory.values': all}), ...(max && {'memory.max': max})});
  const [batch, heads, , size] = keys.shape;
  const wanted = [batch, heads, features ?? size, (values.shape[3] as number) + 1];
  if (sums.shape.join() !== wanted.join())
    throw new ShapeError(
      `${owner}: memory.sums [${sums.shape}] must be [${wanted}], as keys are [${keys.shape}] and values [${values.shape}]`,
    );
}
