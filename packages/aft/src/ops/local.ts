import * as tf from '@tensorflow/tfjs';
import {blockAverage} from '../average/block-average';
import {blocksFor} from '../average/blocks';
import {cutRows, fromSharedRows, joinRows, sharedRows} from '../average/rows';
import {localBiasBlocks} from '../biases/local-bias';
import type {PositionBias} from '../biases/position-bias';
import {assertAlike, assertBias} from './shapes';
import type {CausalOption} from './simple';

/** Options of {@link aftLocal}. */
export interface LocalOptions extends CausalOption {
  /** s: positions have a bias where they are less than s apart. */
  windowSize: number;
}

/**
 * AFT-local (Zhai et al. 2021, section 3.2): AFT-full whose position biases are 0 outside of a window, w[t, t'] = 0 where
 * |t - t'| >= s. Positions outside of it count too, with weight e^k.
 *
 * Products of matrices as wide as the window, and one sum for each block of positions that is further away: time is
 * time · s · batch · channels, memory linear in the sequence. Nothing is subtracted, so that no digits are lost whatever the
 * biases. Of a matrix of biases only the window is read.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @param bias w [time, time], or factors u and v [time, factors] of it.
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not go together.
 */
export function aftLocal(
  keys: tf.Tensor,
  values: tf.Tensor,
  bias: PositionBias,
  {windowSize, causal = false}: LocalOptions,
): tf.Tensor {
  assertAlike('aftLocal', keys, values);
  assertBias('aftLocal', bias, keys);
  return tf.tidy(() => {
    const [batch, time] = keys.shape as number[];
    const blocks = blocksFor(time, windowSize - 1, causal, false);
    const rows = cutRows(sharedRows(keys, values), blocks.count, blocks.size);
    const average = blockAverage(rows, blocks, localBiasBlocks(bias, windowSize, blocks));
    return fromSharedRows(joinRows(average, time), batch);
  });
}
