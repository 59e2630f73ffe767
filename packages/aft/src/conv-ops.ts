/**
 * The averages of AFT-conv (Zhai et al. 2021, section 3.2), in the terms of ops.ts. Biases depend on the distance of two
 * positions and are learned for near ones alone, as taps per head; what is further away counts with bias 0, as in AFT-local.
 *
 *     h        heads, each with one key per position
 *     k        [batch, time, h]              v        [batch, time, h · size], heads outermost
 *     s        taps of a head                W        taps [h, s], of images [h, s, s]
 *     w        biases, standardized taps; tap j is for t' = t + j - (s - 1) / 2 or, causal, t' = t + j - (s - 1)
 *
 * The paper writes these sums as a convolution with e^w - 1, which loses digits where w is low. Here they are products of
 * small matrices, as those of AFT-local are.
 */

import * as tf from '@tensorflow/tfjs';
import {layerNorm, requireOptions, requireTensors, ShapeError} from '@variants/core';
import {averageRows} from './average/average';
import {continueWindow, type WindowState} from './average/streams';
import {type Blocks, blocksFor} from './average/visible-keys';
import {finiteKeys, type Weighted} from './average/weighted';
import {withOnes} from './average/weighted-sums';
import type {CausalOption, Continued} from './ops';

/**
 * The re-parameterised taps of AFT-conv (Zhai et al. 2021, section 3.2), per head over all of them:
 *
 *     w = gamma (W - mean W) / sqrt(var W + epsilon) + beta
 *
 * @param taps W [heads, size] or [heads, size, size]
 * @param gamma [heads]
 * @param beta [heads]
 * @param epsilon Default 1e-6.
 * @returns w in the shape of the taps.
 */
export function standardizedTaps(taps: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-6): tf.Tensor {
  requireTensors('standardizedTaps', {taps, gamma, beta});
  return tf.tidy(() => {
    const heads = taps.shape[0];
    const standardized = layerNorm(taps.reshape([heads, -1]), epsilon);
    return standardized
      .mul(gamma.reshape([heads, 1]))
      .add(beta.reshape([heads, 1]))
      .reshape(taps.shape);
  });
}

/**
 * AFT-conv of a sequence (Zhai et al. 2021, section 3.2): averages of the values of each head, whose weights depend on the
 * head's key and, near by, on a bias for their distance,
 *
 *     y[t] = Σ_t' e^(k[t'] + w[t' - t]) v[t'] / Σ_t' e^(k[t'] + w[t' - t])
 *
 * where w is 0 beyond the taps and may be -Infinity as in `aftFull`. Tap j of s is for t' = t + j - (s - 1) / 2 or, where it is causal, t + j - (s - 1).
 * @param keys k [batch, time, heads]
 * @param values v [batch, time, heads · size], heads outermost
 * @param taps w [heads, s], s odd unless it is causal
 * @returns [batch, time, heads · size]
 * @throws ShapeError when shapes do not go together.
 */
export function aftConv(keys: tf.Tensor, values: tf.Tensor, taps: tf.Tensor, options: CausalOption = {}): tf.Tensor {
  requireTensors('aftConv', {keys, values, taps});
  requireOptions('aftConv', options, ['causal']);
  const {causal = false} = options;
  assertHeads('aftConv', keys, values, taps);
  return tf.tidy(() => {
    const [time, s] = [keys, taps].map(({shape}) => shape[1] as number);
    const blocks = convBlocks(time, s, causal);
    return fromTerms(averageRows(termsOf(keys, values), blocks, convBiasBlocks(taps, blocks)));
  });
}

/**
 * Causal {@link aftConv} of the next piece of a sequence.
 * @param state Of the positions before, or null.
 * @returns The averages [batch, time, heads · size], keys and values of as many positions as the taps reach back, and the
 *   sums over all before those.
 */
export function continueAftConv(
  keys: tf.Tensor,
  values: tf.Tensor,
  taps: tf.Tensor,
  state: WindowState | null,
): Continued<WindowState> {
  const [time, s] = [keys, taps].map(({shape}) => shape[1] as number);
  const reach = s - 1;
  const blocks = convBlocks(time, s, true);
  const biases = {
    blocks,
    own: convBiasBlocks(taps, blocks),
    window: reach === 0 ? null : tapBiases(taps, time, reach, (row, key) => tapAt(key - reach - row, s, true)),
  };
  const next = continueWindow(termsOf(keys, values), biases, state);
  return {output: fromTerms(next.average), state: next.state};
}

/** A sequence in blocks, of which no row's taps reach further than to the next. */
function convBlocks(time: number, s: number, causal: boolean): Blocks {
  return blocksFor(time, causal ? s - 1 : (s - 1) / 2, {causal, isByDistance: true});
}

/** The biases of taps [heads, s] for each offset of blocks, [heads, 1, rows, keys]. */
function convBiasBlocks(taps: tf.Tensor, {size, offsets, causal}: Blocks): tf.Tensor[] {
  const s = taps.shape[1] as number;
  return offsets.map((offset) =>
    tapBiases(taps, size, size, (row, key) => tapAt(offset * size + key - row, s, causal)),
  );
}

/** Places of a block of an image, which is some rows of the grid, at least one. */
const LARGEST_GRID_BLOCK = 64;

/**
 * AFT-conv of images (Zhai et al. 2021, equation 6): {@link aftConv} on a grid, whose bias depends on how many rows and
 * columns two places are apart. Tap (a, b) of size s is for (row + a - (s-1)/2, column + b - (s-1)/2); beyond the edges there
 * is nothing.
 * @param keys k [batch, rows, columns, heads]
 * @param values v [batch, rows, columns, heads · size], heads outermost
 * @param taps w [heads, s, s], s odd
 * @returns [batch, rows, columns, heads · size]
 * @throws ShapeError when shapes do not go together.
 */
export function aftConv2d(keys: tf.Tensor, values: tf.Tensor, taps: tf.Tensor): tf.Tensor {
  requireTensors('aftConv2d', {keys, values, taps});
  assertHeads('aftConv2d', keys, values, taps);
  return tf.tidy(() => {
    const [batch, rows, columns] = keys.shape as number[];
    const [k, v] = [keys, values].map((x) => x.reshape([batch, rows * columns, -1]));
    const blocks = gridBlocks(rows, columns, taps.shape[1] as number);
    return fromTerms(averageRows(termsOf(k, v), blocks, gridBiasBlocks(taps, columns, blocks))).reshape(values.shape);
  });
}

/** A grid in blocks of some rows, with offsets as far as taps reach up and down. */
function gridBlocks(rows: number, columns: number, s: number): Blocks {
  const height = Math.max(1, Math.min(rows, Math.floor(LARGEST_GRID_BLOCK / columns)));
  const count = Math.ceil(rows / height);
  const reach = Math.min(Math.floor(((s - 1) / 2 + height - 1) / height), count - 1);
  const offsets = Array.from({length: 2 * reach + 1}, (_, i) => i - reach);
  return {count, size: height * columns, causal: false, offsets, isByDistance: true};
}

/** The biases of taps [heads, s, s] for each offset of blocks, [heads, 1, places, places]. */
function gridBiasBlocks(taps: tf.Tensor, columns: number, {size, offsets}: Blocks): tf.Tensor[] {
  const [heads, s] = taps.shape as number[];
  const height = size / columns;
  const flat = taps.reshape([heads, s * s]);
  return offsets.map((offset) =>
    tapBiases(flat, size, size, (from, to) => {
      const down = offset * height + Math.floor(to / columns) - Math.floor(from / columns);
      const [row, column] = [down, (to % columns) - (from % columns)].map((ahead) => tapAt(ahead, s, false));
      return row === null || column === null ? null : row * s + column;
    }),
  );
}

/**
 * Biases [heads, 1, rows, keys] of taps [heads, s].
 * @param tapOf The number of the tap for a row and a key, or null where no tap reaches.
 */
function tapBiases(
  taps: tf.Tensor,
  rows: number,
  keys: number,
  tapOf: (row: number, key: number) => number | null,
): tf.Tensor {
  const [heads, s] = taps.shape as number[];
  const numbers = Int32Array.from({length: rows * keys}, (_, i) => tapOf(Math.floor(i / keys), i % keys) ?? s);
  const withNone = taps.pad([
    [0, 0],
    [0, 1],
  ]);
  return tf.gather(withNone, tf.tensor1d(numbers, 'int32'), 1).reshape([heads, 1, rows, keys]);
}

/** The tap, of s along an axis, for a key that lies `ahead` positions after the row; null where none reaches. */
function tapAt(ahead: number, s: number, causal: boolean): number | null {
  const tap = ahead + (causal ? s - 1 : (s - 1) / 2);
  return tap >= 0 && tap < s ? tap : null;
}

/**
 * Keys [batch, time, heads] and values [batch, time, heads · size] as terms. Each head has biases of its own.
 * @returns Exponent [heads, time, batch], values [heads, time, size + 1, batch].
 */
function termsOf(keys: tf.Tensor, values: tf.Tensor): Weighted {
  const [batch, time, heads] = keys.shape as number[];
  const v = values.reshape([batch, time, heads, -1]).transpose([2, 1, 3, 0]);
  return {exponent: finiteKeys(keys).transpose([2, 1, 0]), values: withOnes(v)};
}

/** Averages [heads, time, size, batch] as [batch, time, heads · size]. */
function fromTerms(average: tf.Tensor): tf.Tensor {
  const [heads, time, size, batch] = average.shape as number[];
  return average.transpose([3, 1, 0, 2]).reshape([batch, time, heads * size]);
}

/** @throws ShapeError unless keys have a value per head and values as many channels for each. */
function assertHeads(op: string, keys: tf.Tensor, values: tf.Tensor, taps: tf.Tensor): void {
  const [heads, channels] = [keys, values].map(({shape}) => shape[shape.length - 1] as number);
  const leading = ({shape}: tf.Tensor) => shape.slice(0, -1).join();
  if (leading(keys) !== leading(values) || channels % heads !== 0)
    throw new ShapeError(
      `${op}: values [${values.shape}] must have the shape of the keys [${keys.shape}] but for the last axis, a multiple of the heads`,
    );
  if (taps.shape[0] !== heads)
    throw new ShapeError(`${op}: the taps [${taps.shape}] must begin with the number of heads, ${heads}`);
}
