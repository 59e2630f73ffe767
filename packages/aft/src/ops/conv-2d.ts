import * as tf from '@tensorflow/tfjs';
import {blockAverage} from '../average/block-average';
import {cutRows, fromHeadRows, headRows, joinRows} from '../average/rows';
import {kernelBias, tapAt} from '../biases/kernel-bias';
import {assertHeads} from './shapes';

/** Places of a block, which is some rows of the grid, at least one. */
const LARGEST_BLOCK = 64;

/**
 * AFT-conv of images (Zhai et al. 2021, equation 6): {@link aftConv} on a grid, whose bias depends on how many rows and
 * columns two places are apart. Tap (a, b) of size s is for (row + a - (s-1)/2, column + b - (s-1)/2); beyond the edges there
 * is nothing.
 * @param keys k [batch, rows, columns, heads]
 * @param values v [batch, rows, columns, heads · size], heads outermost
 * @param kernel w [heads, s, s], s odd
 * @returns [batch, rows, columns, heads · size]
 * @throws ShapeError when shapes do not go together.
 */
export function aftConv2d(keys: tf.Tensor, values: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  assertHeads('aftConv2d', keys, values, kernel);
  return tf.tidy(() => {
    const [batch, rows, columns, heads] = keys.shape as number[];
    const size = kernel.shape[1] as number;
    const height = Math.max(1, Math.min(rows, Math.floor(LARGEST_BLOCK / columns)));
    const count = Math.ceil(rows / height);
    const reach = Math.min(Math.floor(((size - 1) / 2 + height - 1) / height), count - 1);
    const offsets = Array.from({length: 2 * reach + 1}, (_, i) => i - reach);
    const taps = kernel.reshape([heads, size * size]);
    const biases = offsets.map((offset) =>
      kernelBias(taps, height * columns, height * columns, (from, to) => {
        const down = offset * height + Math.floor(to / columns) - Math.floor(from / columns);
        const [row, column] = [down, (to % columns) - (from % columns)].map((ahead) => tapAt(ahead, size, false));
        return row === null || column === null ? null : row * size + column;
      }),
    );
    const [k, v] = [keys, values].map((x) => x.reshape([batch, rows * columns, -1]));
    const blocks = cutRows(headRows(k, v), count, height * columns);
    const average = blockAverage(blocks, {causal: false, offsets, isByDistance: true}, biases);
    return fromHeadRows(joinRows(average, rows * columns)).reshape(values.shape);
  });
}
