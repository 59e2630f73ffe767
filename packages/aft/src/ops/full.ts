import * as tf from '@tensorflow/tfjs';
import {blockAverage} from '../average/block-average';
import type {BlockPlan} from '../average/block-sums';
import {cutRows, fromSharedRows, joinRows, sharedRows} from '../average/rows';
import {biasMatrix, type PositionBias} from '../biases/position-bias';
import {assertAlike, assertBias} from './shapes';
import type {CausalOption} from './simple';

/** All positions as one block. */
const oneBlock = (causal: boolean): BlockPlan => ({causal, offsets: [0], isByDistance: false});

/**
 * AFT-full (Zhai et al. 2021, equation 2 without its gate): averages of values whose weights depend on their keys and on a
 * learned bias for each pair of positions,
 *
 *     y[t] = Σ_t' e^(k[t'] + w[t, t']) v[t'] / Σ_t' e^(k[t'] + w[t, t'])
 *
 * over all t', or t' <= t where it is causal. Two products of matrices of time² · batch · channels each way; memory is
 * linear in the sequence but for the biases. Exact for keys of any size; of biases that differ by more than some 80 in a
 * row, the smaller count as that much smaller.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @param bias w [time, time], row the position t, or factors u and v [time, factors] of it.
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not go together.
 */
export function aftFull(
  keys: tf.Tensor,
  values: tf.Tensor,
  bias: PositionBias,
  {causal = false}: CausalOption = {},
): tf.Tensor {
  assertAlike('aftFull', keys, values);
  assertBias('aftFull', bias, keys);
  return tf.tidy(() => {
    const [batch, time] = keys.shape as number[];
    const rows = cutRows(sharedRows(keys, values), 1, time);
    const average = blockAverage(rows, oneBlock(causal), [biasMatrix(bias).reshape([1, 1, time, time])]);
    return fromSharedRows(joinRows(average, time), batch);
  });
}
