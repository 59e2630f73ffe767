import * as tf from '@tensorflow/tfjs';
import {requireGiven, requireOptionalTensors, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {weightedAverageScanGradient} from './gradient';
import {weightedAverageScanReference} from './reference';
import type {WeightedAverageInputs, WeightedAverageOutputs, WeightedAverageState} from './types';

export type {WeightedAverageState} from './types';

const kernel = defineKernel<WeightedAverageInputs, Record<string, never>, WeightedAverageOutputs>({
  name: 'WeightedAverageScan',
  outputs: ['output', 'numerator', 'denominator', 'maximum'],
  differentiable: ['keys', 'values', 'decay', 'bonus', 'numerator', 'denominator', 'maximum'],
  reference: ({keys, values, decay, bonus, numerator, denominator, maximum}) =>
    weightedAverageScanReference(
      keys,
      values,
      decay,
      bonus,
      numerator && denominator && maximum && {numerator, denominator, maximum},
    ),
  gradient: weightedAverageScanGradient,
});

/** Options of {@link weightedAverageScan}. */
export interface WeightedAverageOptions {
  /** w [channels], at most 0: a weight is multiplied by e^w at each step. 0 forgets nothing. */
  decay: tf.Tensor;
  /** u [channels]: what a position adds to its own key when it looks at itself. */
  bonus: tf.Tensor;
  /** Of the positions before. Default: there are none. */
  state?: WeightedAverageState | null;
}

/**
 * A running average of values whose weights e^key decay with distance (RWKV, Peng et al. 2023, equations 19 to 22):
 *
 *     y_t = (Σ_{i<t} e^((t-1-i) w + k_i) v_i + e^(u + k_t) v_t) / (Σ_{i<t} e^((t-1-i) w + k_i) + e^(u + k_t))
 *
 * With w = u = 0 it is the Attention Free Transformer's AFT-simple (Zhai et al. 2021). No key is too large: all sums are
 * kept relative to the largest weight so far. Memory, with gradients too, is linear in time.
 *
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @returns `output` [batch, time, channels], and the state to go on with.
 * @throws ShapeError when shapes do not fit each other, or time is 0.
 */
export function weightedAverageScan(
  keys: tf.Tensor,
  values: tf.Tensor,
  options: WeightedAverageOptions,
): {output: tf.Tensor; state: WeightedAverageState} {
  requireTensors('weightedAverageScan', {keys, values});
  requireGiven('weightedAverageScan', options, ['decay', 'bonus', 'state']);
  const {decay, bonus, state} = options;
  const {numerator, denominator, maximum} = state ?? {};
  requireTensors('weightedAverageScan', {decay, bonus});
  requireOptionalTensors('weightedAverageScan', {numerator, denominator, maximum});
  assertShapes({keys, values, decay, bonus, numerator, denominator, maximum});
  const {output, ...next} = kernel({keys, values, decay, bonus, numerator, denominator, maximum}, {});
  return {output, state: next};
}

function assertShapes({keys, values, decay, bonus, ...state}: WeightedAverageInputs): void {
  const [batch, time, channels] = keys.shape;
  if (keys.rank !== 3 || time === 0)
    throw new ShapeError(`weightedAverageScan: keys [${keys.shape}] must be [batch, time, channels], time at least 1`);
  const perChannel = Object.entries({decay, bonus}).map(([name, tensor]) => ({name, tensor, wanted: [channels]}));
  const ofState = Object.entries(state).map(([name, tensor]) => ({name, tensor, wanted: [batch, channels]}));
  for (const {name, tensor, wanted} of [
    {name: 'values', tensor: values, wanted: keys.shape},
    ...perChannel,
    ...ofState,
  ])
    if (tensor && !tf.util.arraysEqual(tensor.shape, wanted))
      throw new ShapeError(
        `weightedAverageScan: ${name} [${tensor.shape}] must be [${wanted}], as the keys are [${keys.shape}]`,
      );
}
