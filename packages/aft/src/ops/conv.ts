import * as tf from '@tensorflow/tfjs';
import {blockAverage} from '../average/block-average';
import {type Blocks, blocksFor} from '../average/blocks';
import {cutRows, fromHeadRows, headRows, joinRows} from '../average/rows';
import {kernelBias, tapAt} from '../biases/kernel-bias';
import {assertHeads} from './shapes';
import type {CausalOption} from './simple';

/** How far a kernel over a sequence reaches from a row, one way. */
export const kernelReach = (size: number, causal: boolean) => (causal ? size - 1 : (size - 1) / 2);

/** The biases of a kernel [heads, size] for each offset of blocks, [heads, 1, rows, keys]. */
export function convBiasBlocks(kernel: tf.Tensor, {size, offsets, causal}: Blocks): tf.Tensor[] {
  const taps = kernel.shape[1] as number;
  return offsets.map((offset) =>
    kernelBias(kernel, size, size, (row, key) => tapAt(offset * size + key - row, taps, causal)),
  );
}

/**
 * AFT-conv of a sequence (Zhai et al. 2021, section 3.2): averages of the values of each head, whose weights depend on the
 * head's key and, near by, on a bias for their distance,
 *
 *     y[t] = Σ_t' e^(k[t'] + w[t' - t]) v[t'] / Σ_t' e^(k[t'] + w[t' - t])
 *
 * where w is 0 beyond the kernel. Tap j of size s is for t' = t + j - (s - 1) / 2 or, where it is causal, t + j - (s - 1). It
 * is computed as AFT-local is, not as the paper's convolution with e^w - 1, which loses digits where w is low.
 * @param keys k [batch, time, heads]
 * @param values v [batch, time, heads · size], heads outermost
 * @param kernel w [heads, taps], an odd number of them unless it is causal
 * @returns [batch, time, heads · size]
 * @throws ShapeError when shapes do not go together.
 */
export function aftConv(
  keys: tf.Tensor,
  values: tf.Tensor,
  kernel: tf.Tensor,
  {causal = false}: CausalOption = {},
): tf.Tensor {
  assertHeads('aftConv', keys, values, kernel);
  return tf.tidy(() => {
    const time = keys.shape[1] as number;
    const blocks = blocksFor(time, kernelReach(kernel.shape[1] as number, causal), causal, true);
    const rows = cutRows(headRows(keys, values), blocks.count, blocks.size);
    return fromHeadRows(joinRows(blockAverage(rows, blocks, convBiasBlocks(kernel, blocks)), time));
  });
}
