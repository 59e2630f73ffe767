import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireTensors} from '../arguments';
import {ShapeError} from '../errors';

/** @throws ShapeError unless a tensor, where it is there, has the wanted shape. */
export function assertShape(
  kernel: string,
  name: string,
  x: tf.Tensor | null | undefined,
  wanted: number[],
  keys: tf.Tensor,
): void {
  requireOptionalTensors(kernel, {[name]: x});
  if (x && !tf.util.arraysEqual(x.shape, wanted))
    throw new ShapeError(`${kernel}: ${name} [${x.shape}] must be [${wanted}], as the keys are [${keys.shape}]`);
}

/**
 * Checks what recurrences with a matrix for their state take.
 * @param alike Tensors that must have the shape of the keys, [batch, time, heads, key size].
 * @throws ShapeError
 */
export function assertRecurrence(
  kernel: string,
  keys: tf.Tensor,
  alike: {[name: string]: tf.Tensor},
  values: tf.Tensor,
  state: tf.Tensor | null | undefined,
): void {
  requireTensors(kernel, {...alike, values});
  const [batch, time, heads, keySize] = keys.shape;
  if (keys.rank !== 4 || time === 0)
    throw new ShapeError(`${kernel}: keys [${keys.shape}] must be [batch, time, heads, key size], time at least 1`);
  const valueSize = values.shape[3] ?? 0;
  for (const [name, tensor] of Object.entries(alike)) assertShape(kernel, name, tensor, keys.shape, keys);
  assertShape(kernel, 'values', values, [batch, time, heads, valueSize], keys);
  assertShape(kernel, 'state', state, [batch, heads, keySize, valueSize], keys);
}

/**
 * The decay for each key feature, [heads, key size] or [batch, time, heads, key size]; zeros where none is given.
 * @throws ShapeError when it has the shape of no kind of decay.
 */
export function decayPerKey(kernel: string, decay: tf.Tensor | undefined, keys: tf.Tensor): tf.Tensor {
  const [batch, time, heads, keySize] = keys.shape;
  requireOptionalTensors(kernel, {decay});
  if (!decay) return tf.zeros([heads, keySize]);
  const allowed = [[heads], [heads, keySize], [batch, time, heads], [batch, time, heads, keySize]];
  const shape = allowed.find((candidate) => tf.util.arraysEqual(candidate, decay.shape));
  if (!shape)
    throw new ShapeError(
      `${kernel}: decay [${decay.shape}] must be one of ${allowed.map((each) => `[${each}]`).join(', ')}`,
    );
  return shape.length % 2 === 0 ? decay : decay.expandDims(-1).tile([...shape.map(() => 1), keySize]);
}
