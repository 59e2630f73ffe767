/**
 * The averages of the Attention Free Transformer (Zhai et al. 2021, "An Attention Free Transformer", arXiv 2105.14103), for
 * sequences; those of AFT-conv stand in conv-ops.ts.
 *
 *     t        position of a query           t'       position of a key
 *     k, v     keys and values [batch, time, channels]
 *     w        biases of pairs of positions [time, time], row t, or factors u and v [time, d'] of them, w = u vᵀ
 *     s        window: |t - t'| < s          d'       columns of the factors
 *     y        averages [batch, time, channels], which a layer gates: sigmoid(q) * y
 *
 *     full     y[t] = Σ_t' e^(k[t'] + w[t, t']) v[t'] / Σ_t' e^(k[t'] + w[t, t'])
 *     local    the same, with w[t, t'] = 0 outside of the window
 *     simple   the same, with w = 0
 *
 * Sums go over all t', or over t' <= t where they are causal. No exponential is taken as it stands here, nor for each pair of
 * positions and channel: see average/. `continueX` is X, causal, of the next piece of a
 * sequence, inside a `tf.tidy` of the caller.
 */

import * as tf from '@tensorflow/tfjs';
import {
  positionAfter,
  requireGiven,
  requireOptions,
  requireTensors,
  ShapeError,
  type WeightedAverageState,
  weightedAverageScan,
} from '@variants/core';
import {averageRows} from './average/average';
import {continueHistory, continueWindow, growHistory, type HistoryState, type WindowState} from './average/streams';
import {type Blocks, blocksFor} from './average/visible-keys';
import {finiteKeys, type Weighted} from './average/weighted';
import {withOnes} from './average/weighted-sums';
import {
  biasAt,
  biasMatrix,
  biasShape,
  type PositionBias,
  piecePositions,
  positionsBefore,
  windowBias,
  windowBiasBlocks,
} from './biases';

/** Options of the averages over a sequence. */
export interface CausalOption {
  /** A position sees itself and earlier ones alone. Default false: all. */
  causal?: boolean;
}

/** The averages of the next piece of a sequence, and what is remembered of all so far. */
export type Continued<State> = {output: tf.Tensor; state: State};

/**
 * AFT-simple (Zhai et al. 2021, section 3.2), AFT-full without position biases: a softmax over positions for each channel,
 *
 *     y[t] = Σ_t' e^k[t'] v[t'] / Σ_t' e^k[t']
 *
 * over all t', or t' <= t where it is causal. Time and memory are linear in the sequence, and no key is too large.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @returns [batch, time, channels]; without `causal` the same at every position.
 * @throws ShapeError when the shapes differ.
 */
export function aftSimple(keys: tf.Tensor, values: tf.Tensor, options: CausalOption = {}): tf.Tensor {
  requireTensors('aftSimple', {keys, values});
  requireOptions('aftSimple', options, ['causal']);
  const {causal = false} = options;
  assertAlike('aftSimple', keys, values);
  if (causal) return tf.tidy(() => continueAftSimple(keys, values, null).output);
  return tf.tidy(() => {
    const weights = tf.softmax(finiteKeys(keys).transpose([0, 2, 1])).transpose([0, 2, 1]);
    return weights
      .mul(values)
      .sum(1, true)
      .tile([1, keys.shape[1] as number, 1]);
  });
}

/**
 * Causal {@link aftSimple} of the next piece of a sequence.
 * @param state Of the positions before, or null.
 * @returns The averages [batch, time, channels] and the sums over all positions so far.
 */
export function continueAftSimple(
  keys: tf.Tensor,
  values: tf.Tensor,
  state: WeightedAverageState | null,
): Continued<WeightedAverageState> {
  const none = tf.zeros([keys.shape[2] as number]);
  return weightedAverageScan(finiteKeys(keys), values, {decay: none, bonus: none, state});
}

/**
 * AFT-full (Zhai et al. 2021, equation 2 without its gate): averages of values whose weights depend on their keys and on a
 * learned bias for each pair of positions,
 *
 *     y[t] = Σ_t' e^(k[t'] + w[t, t']) v[t'] / Σ_t' e^(k[t'] + w[t, t'])
 *
 * over all t', or t' <= t where it is causal. Two products of matrices of time² · batch · channels each way; memory is
 * linear in the sequence but for the biases. Exact for keys and biases of any size, though slower, pair by pair, where both
 * the keys of a channel and the biases differ by more than 60. A bias of -Infinity is a mask: the key does not count for the
 * row; a row whose keys are all masked has the average 0 and no gradients.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @param bias w [time, time], row the position t, or factors u and v [time, factors] of it.
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not go together.
 */
export function aftFull(keys: tf.Tensor, values: tf.Tensor, bias: PositionBias, options: CausalOption = {}): tf.Tensor {
  requireTensors('aftFull', {keys, values});
  requireOptions('aftFull', options, ['causal']);
  const {causal = false} = options;
  assertAlike('aftFull', keys, values);
  assertBias('aftFull', bias, keys);
  return tf.tidy(() => {
    const [batch, time] = keys.shape as number[];
    const oneBlock: Blocks = {count: 1, size: time, causal, offsets: [0], isByDistance: false};
    const w = biasMatrix(bias).reshape([1, 1, time, time]);
    return fromTerms(averageRows(termsOf(keys, values), oneBlock, [w]), batch);
  });
}

/**
 * Causal {@link aftFull} of the next piece of a sequence.
 * @param bias Of all positions that there may be.
 * @param state Of the positions before, or null.
 * @param capacity Positions that the state shall have room for, those of the piece included.
 * @returns The averages [batch, time, channels], and keys and values of all positions so far.
 */
export function continueAftFull(
  keys: tf.Tensor,
  values: tf.Tensor,
  bias: PositionBias,
  state: HistoryState | null,
  capacity: number,
): Continued<HistoryState> {
  const [batch, time] = keys.shape as number[];
  const before = state && growHistory(state, capacity);
  const positions = piecePositions(time, before?.length ?? null);
  const biases = {
    own: biasMatrix(biasAt(bias, positions, positions)),
    history: before && biasMatrix(biasAt(bias, positions, before.keys.shape[1] as number)),
  };
  const next = continueHistory(termsOf(keys, values), biases, before, capacity);
  return {output: fromTerms(next.average, batch), state: next.state};
}

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
 * biases, -Infinity included as in {@link aftFull}. Of a matrix of biases only the window is read.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @param bias w [time, time], or factors u and v [time, factors] of it.
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not go together.
 */
export function aftLocal(keys: tf.Tensor, values: tf.Tensor, bias: PositionBias, options: LocalOptions): tf.Tensor {
  requireTensors('aftLocal', {keys, values});
  requireGiven('aftLocal', options, ['windowSize', 'causal']);
  const {windowSize, causal = false} = options;
  assertAlike('aftLocal', keys, values);
  assertBias('aftLocal', bias, keys);
  return tf.tidy(() => {
    const [batch, time] = keys.shape as number[];
    const blocks = blocksFor(time, windowSize - 1, {causal, isByDistance: false});
    const w = windowBiasBlocks(bias, windowSize, blocks);
    return fromTerms(averageRows(termsOf(keys, values), blocks, w), batch);
  });
}

/** What a stream of AFT-local remembers: the window, and the position that follows, [1, 1] int32. */
export type LocalState = WindowState & {position: tf.Tensor};

/**
 * Causal {@link aftLocal} of the next piece of a sequence.
 * @param bias Of all positions that there may be.
 * @param state Of the positions before, or null.
 * @returns The averages [batch, time, channels], and keys and values of the window and the sums over all before it.
 */
export function continueAftLocal(
  keys: tf.Tensor,
  values: tf.Tensor,
  bias: PositionBias,
  {windowSize}: Pick<LocalOptions, 'windowSize'>,
  state: LocalState | null,
): Continued<LocalState> {
  const [batch, time] = keys.shape as number[];
  const position = state?.position ?? null;
  const positions = piecePositions(time, position);
  const before = () => positionsBefore(windowSize - 1, position);
  const blocks = blocksFor(time, windowSize - 1, {causal: true, isByDistance: false});
  const biases = {
    blocks,
    own: windowBiasBlocks(biasAt(bias, positions, positions), windowSize, blocks),
    window: windowSize === 1 ? null : windowBias(biasAt(bias, positions, before()), windowSize),
  };
  const next = continueWindow(termsOf(keys, values), biases, state);
  return {output: fromTerms(next.average, batch), state: {...next.state, position: positionAfter(time, position)}};
}

/**
 * Keys and values [batch, time, channels] as terms. All channels share their biases: one head, a column for each channel.
 * @returns Exponent [1, time, batch · channels], values [1, time, 2, batch · channels].
 */
function termsOf(keys: tf.Tensor, values: tf.Tensor): Weighted {
  const [batch, time, channels] = keys.shape as number[];
  const columns = batch * channels;
  const [k, v] = [finiteKeys(keys), values].map((x) => x.transpose([1, 0, 2]));
  return {exponent: k.reshape([1, time, columns]), values: withOnes(v.reshape([1, time, 1, columns]))};
}

/** Averages [1, time, 1, batch · channels] as [batch, time, channels]. */
function fromTerms(average: tf.Tensor, batch: number): tf.Tensor {
  const time = average.shape[1] as number;
  return average.reshape([time, batch, -1]).transpose([1, 0, 2]);
}

/** @throws ShapeError unless keys are [batch, time, channels] and values alike. */
function assertAlike(op: string, keys: tf.Tensor, values: tf.Tensor): void {
  if (keys.rank !== 3 || keys.shape[1] === 0)
    throw new ShapeError(`${op}: keys [${keys.shape}] must be [batch, time, channels], time at least 1`);
  if (!tf.util.arraysEqual(keys.shape, values.shape))
    throw new ShapeError(`${op}: values [${values.shape}] must have the shape of the keys [${keys.shape}]`);
}

/** @throws ShapeError unless there are biases for each pair of as many positions as there are keys. */
function assertBias(op: string, bias: PositionBias, {shape: [, time]}: tf.Tensor): void {
  const [rows, columns] = biasShape(bias);
  if (rows !== time || columns !== time)
    throw new ShapeError(
      `${op}: there are biases for [${rows}, ${columns}] positions, but must be for [${time}, ${time}]`,
    );
  if (!(bias instanceof tf.Tensor) && bias.rows.shape[1] !== bias.columns.shape[1])
    throw new ShapeError(
      `${op}: the biases' factors [${bias.rows.shape}] and [${bias.columns.shape}] must have as many columns as each other`,
    );
}
