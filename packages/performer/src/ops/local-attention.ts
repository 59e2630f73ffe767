/**
 * Attention in windows, of the heads that Performer leaves to softmax (Roy et al. 2021, as in local-attention, the package of
 * the widely used implementation). Windows stand at the multiples of their size w: a query sees its own window and the one
 * before, and the one behind where it looks both ways.
 */
import * as tf from '@tensorflow/tfjs';
import {
  attention,
  ConfigError,
  padAxis,
  requireCount,
  requireOptionalTensors,
  requireOptions,
  requireRank,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
  ShapeError,
} from '@variants/core';
import {requireHeads} from './checks';

/**
 * What a window sees beside tokens. 'exact': nothing, and queries that are padding see what others see. '1.4': as version
 * 1.4.4 of the package, whose filling up of the last window is seen where there is no mask and the attention looks both ways,
 * and where queries that are padding take the mean over all places. '1.11': as its versions from 1.7.2 on, which count positions
 * within what a window sees, those of queries one window too late where it looks both ways.
 */
export type LocalForm = 'exact' | '1.4' | '1.11';

/** All names of {@link LocalForm}. */
export const localForms: readonly LocalForm[] = ['exact', '1.4', '1.11'];

/** Options of {@link localAttention}. */
export interface LocalAttentionOptions {
  /** w, positions of a window. */
  window: number;
  /** A query sees no later key. Default false. */
  causal?: boolean;
  /** [batch, time], 1 = a token, 0 = padding. Default: all are tokens. */
  mask?: tf.Tensor | null;
  /** Default 'exact'. */
  form?: LocalForm;
}

/** Turns heads [batch, heads, time, size] by their positions, features in halves. */
export function turnLocal(x: tf.Tensor, positions: number[] | tf.Tensor1D): tf.Tensor {
  return rotaryEmbedding(x, rotaryTables(positions, {frequencies: rotaryFrequencies(x.shape[3] as number)}), 'halves');
}

const upTo = (length: number, start = 0) => Array.from({length}, (_, i) => start + i);

/**
 * Softmax attention inside of windows, with rotary positions:
 *
 *     o = softmax(R q (R k)ᵀ / sqrt(d)) v          over the keys of a query's window and of those beside it
 *
 * @param queries, keys, values [batch, heads, time, d], d even; any length, the last window may be cut.
 * @returns [batch, heads, time, d]
 * @throws ShapeError where the shapes do not go together, ConfigError for an option that there is not.
 */
export function localAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: LocalAttentionOptions,
): tf.Tensor {
  checkCall({queries, keys, values}, options);
  const {causal = false, form = 'exact', mask = null, window: w} = options;
  return tf.tidy(() => {
    const time = queries.shape[2] as number;
    const within = form === '1.11' && !causal;
    const turned = (x: tf.Tensor) => (within ? x : turnLocal(x, upTo(time)));
    const look = (x: tf.Tensor, filler: number) => lookAround(x, w, causal, filler);
    // Fillers are masked: their values count in the mean that queries of padding get in the old form alone.
    const own = look(turned(keys), 0);
    const seen = look(values, form === '1.4' ? -1 : 0);
    const cut = inWindows(turned(queries), w);
    const span = own.shape[2] as number;
    const [turnedQueries, turnedKeys] = within
      ? [turnLocal(cut, upTo(w, span - w)), turnLocal(own, upTo(span))]
      : [cut, own];
    const visible = visibleKeys(queries.shape as number[], options);
    const {output} = attention(turnedQueries, turnedKeys, seen, {causal, mask: visible});
    const found =
      form === '1.4' && mask ? tf.where(ofQueries(mask, cut.shape as number[], w), output, seen.mean(2, true)) : output;
    return fromWindows(found, queries.shape as number[]);
  });
}

/** [batch, heads, time, size] as [batch, heads · windows, w, size], filled up with zeros. */
function inWindows(x: tf.Tensor, w: number): tf.Tensor {
  const [batch, heads, time, size] = x.shape as number[];
  const windows = Math.ceil(time / w);
  return padAxis(x, 2, 0, windows * w - time).reshape([batch, heads * windows, w, size]);
}

function fromWindows(x: tf.Tensor, [batch, heads, time]: number[]): tf.Tensor {
  return x.reshape([batch, heads, -1, x.shape[3] as number]).slice([0, 0, 0, 0], [-1, -1, time, -1]);
}

/** What each window sees: the window before it, its own, and unless causal the one behind, [batch, heads · windows, 2w or 3w, size]. */
function lookAround(x: tf.Tensor, w: number, causal: boolean, filler: number): tf.Tensor {
  const [batch, heads, time, size] = x.shape as number[];
  const windows = Math.ceil(time / w);
  const filled = padAxis(padAxis(x, 2, 0, windows * w - time), 2, w, causal ? 0 : w, filler);
  const shifted = upTo(causal ? 2 : 3).map((i) =>
    filled.slice([0, 0, i * w, 0], [-1, -1, windows * w, -1]).reshape([batch, heads * windows, w, size]),
  );
  return tf.concat(shifted, 2);
}

/** 1 where a window may look, [batch or 1, heads · windows, 1, keys]. */
function visibleKeys(shape: number[], {window: w, causal = false, mask = null, form = 'exact'}: LocalAttentionOptions) {
  const [, heads, time] = shape;
  const windows = Math.ceil(time / w);
  const there = mask ? mask.toFloat().expandDims(1) : tf.ones([1, 1, form === '1.4' && !causal ? windows * w : time]);
  const around = lookAround(there.expandDims(-1), w, causal, 0);
  const perWindow = around.reshape([around.shape[0], 1, windows, -1]).tile([1, heads, 1, 1]);
  return perWindow.reshape([around.shape[0], heads * windows, 1, -1]);
}

/** Whether a query is a token, as {@link inWindows}: [batch, heads · windows, w, 1] broadcast to the output. */
function ofQueries(mask: tf.Tensor, [batch, rows, , size]: number[], w: number): tf.Tensor {
  const [, time] = mask.shape as number[];
  const windows = Math.ceil(time / w);
  const cut = inWindows(mask.toFloat().reshape([batch, 1, time, 1]), w);
  const perHead = cut.reshape([batch, 1, windows, w, 1]).tile([1, rows / windows, 1, 1, size]);
  return perHead.reshape([batch, rows, w, size]).cast('bool');
}

function checkCall(heads: {queries: tf.Tensor; keys: tf.Tensor; values: tf.Tensor}, options: LocalAttentionOptions) {
  const owner = 'localAttention';
  requireOptions(owner, options, ['window', 'causal', 'mask', 'form']);
  requireRank(owner, {...heads}, '[batch, heads, time, size]');
  requireHeads(owner, heads, true);
  const window = options?.window;
  requireCount(owner, 'window', window);
  const {form = 'exact', mask} = options;
  if (!localForms.includes(form))
    throw new ConfigError(`${owner}: form is ${JSON.stringify(form)}, but must be one of ${localForms.join(', ')}`);
  requireOptionalTensors(owner, {mask});
  const [batch, , time, size] = heads.queries.shape;
  if (size % 2 !== 0) throw new ShapeError(`${owner}: queries [${heads.queries.shape}] must have an even last axis`);
  if (mask && mask.shape.join() !== [batch, time].join())
    throw new ShapeError(`${owner}: mask [${mask.shape}] must be [batch, time], [${batch},${time}]`);
}
