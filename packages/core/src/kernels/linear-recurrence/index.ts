import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {linearRecurrenceGradient} from './gradient';
import {linearRecurrenceReference} from './reference';

/** The tensors of the kernel. */
export type LinearRecurrenceInputs = {
  /** [batch, time, heads, key size] */
  queries: tf.Tensor;
  keys: tf.Tensor;
  /** [batch, time, heads, value size] */
  values: tf.Tensor;
  /** [heads, key size], or [batch, time, heads, key size]. */
  decay: tf.Tensor;
  /** [heads, key size] */
  bonus?: tf.Tensor;
  /** [batch, heads, key size, value size] */
  state?: tf.Tensor;
};

export type LinearRecurrenceOutputs = {output: tf.Tensor; state: tf.Tensor};

const kernel = defineKernel<LinearRecurrenceInputs, Record<string, never>, LinearRecurrenceOutputs>({
  name: 'LinearRecurrence',
  outputs: ['output', 'state'],
  differentiable: ['queries', 'keys', 'values', 'decay', 'bonus', 'state'],
  reference: linearRecurrenceReference,
  gradient: linearRecurrenceGradient,
});

/** Options of {@link linearRecurrence}. */
export interface LinearRecurrenceOptions {
  /**
   * The logarithm of what a step leaves of the state, at most 0: for each head [heads] or key feature [heads, key size],
   * or of each position, [batch, time, heads] or [batch, time, heads, key size]. Default 0: nothing is forgotten.
   */
  decay?: tf.Tensor;
  /**
   * u [heads, key size]: a position reads the state before it, and itself with this weight. Default: it reads the state
   * with itself in it.
   */
  bonus?: tf.Tensor;
  /** S [batch, heads, key size, value size] before the first position. Default zeros. */
  state?: tf.Tensor | null;
}

/**
 * Linear attention as an RNN with a matrix for its state, which decays (RetNet, Sun et al. 2023; Eagle and Finch, Peng et
 * al. 2024; without decay Katharopoulos et al. 2020). With d = e^decay, for each head
 *
 *     S_t = diag(d_t) S_{t-1} + k_t v_tᵀ
 *     y_t = q_tᵀ S_t,      or with a bonus u      y_t = q_tᵀ (S_{t-1} + diag(u) k_t v_tᵀ)
 *
 * Memory, with gradients too, is linear in time; any length and any decay will do.
 *
 * @param queries q [batch, time, heads, key size]
 * @param keys k, like q
 * @param values v [batch, time, heads, value size]
 * @returns `output` y [batch, time, heads, value size], and `state`, S after the last position.
 * @throws ShapeError when shapes do not fit each other, or time is 0.
 */
export function linearRecurrence(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  {decay, bonus, state}: LinearRecurrenceOptions = {},
): {output: tf.Tensor; state: tf.Tensor} {
  const [batch, time, heads, keySize] = keys.shape;
  if (keys.rank !== 4 || time === 0)
    throw new ShapeError(
      `linearRecurrence: keys [${keys.shape}] must be [batch, time, heads, key size], time at least 1`,
    );
  const valueSize = values.shape[3] ?? 0;
  assertShape('queries', queries, keys, keys.shape);
  assertShape('values', values, keys, [batch, time, heads, valueSize]);
  assertShape('bonus', bonus, keys, [heads, keySize]);
  assertShape('state', state, keys, [batch, heads, keySize, valueSize]);
  return tf.tidy(() =>
    kernel({queries, keys, values, decay: decayOf(decay, keys), bonus, state: state ?? undefined}, {}),
  );
}

function assertShape(name: string, x: tf.Tensor | null | undefined, keys: tf.Tensor, wanted: number[]): void {
  if (x && !tf.util.arraysEqual(x.shape, wanted))
    throw new ShapeError(`linearRecurrence: ${name} [${x.shape}] must be [${wanted}], as the keys are [${keys.shape}]`);
}

/** The decay for each key feature. */
function decayOf(decay: tf.Tensor | undefined, keys: tf.Tensor): tf.Tensor {
  const [batch, time, heads, keySize] = keys.shape;
  if (!decay) return tf.zeros([heads, keySize]);
  const allowed = [[heads], [heads, keySize], [batch, time, heads], [batch, time, heads, keySize]];
  const shape = allowed.find((candidate) => tf.util.arraysEqual(candidate, decay.shape));
  if (!shape)
    throw new ShapeError(
      `linearRecurrence: decay [${decay.shape}] must be one of ${allowed.map((each) => `[${each}]`).join(', ')}`,
    );
  return shape.length % 2 === 0 ? decay : decay.expandDims(-1).tile([...shape.map(() => 1), keySize]);
}
