import * as tf from '@tensorflow/tfjs';
import {type Fields, fields, isList, requireArgument, requireTensors, resolveFields, ShapeError} from '@variants/core';

/** How many masks of what widths features get. */
export interface MaskOptions {
  /** Masks over frequencies. Default 2. */
  frequencyMasks: number;
  /** The greatest width of one. Default 27. */
  frequencyWidth: number;
  /** Masks over time. Default 10. */
  timeMasks: number;
  /** The greatest width of one, in frames. Default: what timeShare allows. */
  timeWidth: number | null;
  /** The share of an utterance that a mask over time may take at most. Default 0.05. */
  timeShare: number;
}

/** Options of {@link specAugment}. */
export interface SpecAugmentOptions extends MaskOptions {
  /** What is written over masked features; 0 is their mean where they are normalised. Default 0. */
  value: number;
  /** The frames of each utterance that are no padding. Default: all. */
  lengths: ArrayLike<number> | null;
}

/** A mask: start, and the end behind its last, on an axis. */
export interface MaskSpan {
  axis: 'time' | 'frequency';
  start: number;
  end: number;
}

const maskRules: Fields<MaskOptions> = {
  frequencyMasks: fields.count(2, 0),
  frequencyWidth: fields.count(27, 0),
  timeMasks: fields.count(10, 0),
  timeWidth: fields.optional(fields.count(undefined, 0)),
  timeShare: {
    allowed: 'a number from 0 to 1',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
    fallback: 0.05,
  },
};

const rules: Fields<SpecAugmentOptions> = {
  ...maskRules,
  value: {allowed: 'a number', accepts: (value) => typeof value === 'number', fallback: 0},
  lengths: {allowed: 'a list of numbers of frames', accepts: (v) => v === null || isList(v), fallback: null},
};

/**
 * Draws the masks of an utterance, those over frequencies first. On an axis of n a mask of the greatest width m is, of two
 * draws u from [0, 1),
 *
 *     w = u_1 m,   s = u_2 (n - w),   [floor s, floor s + floor w)
 *
 * as torchaudio's mask_along_axis has it; over time m is timeShare frames at most.
 * @param size Frames and frequencies.
 * @param uniform Draws a number from [0, 1).
 * @throws ConfigError for an option.
 */
export function drawMasks(
  size: {frames: number; features: number},
  uniform: () => number,
  options: Partial<MaskOptions> = {},
): MaskSpan[] {
  requireUniform('drawMasks', uniform);
  return spansOf(size, uniform, resolveFields('drawMasks', maskRules, options));
}

function requireUniform(owner: string, uniform: unknown): void {
  requireArgument(owner, 'uniform', uniform, typeof uniform === 'function', 'a function that draws from [0, 1)');
}

function spansOf(
  {frames, features}: {frames: number; features: number},
  uniform: () => number,
  {frequencyMasks, frequencyWidth, timeMasks, timeWidth, timeShare}: MaskOptions,
): MaskSpan[] {
  const draw = (axis: MaskSpan['axis'], size: number, most: number): MaskSpan => {
    const width = uniform() * Math.min(most, size);
    const start = Math.floor(uniform() * (size - width));
    return {axis, start, end: start + Math.floor(width)};
  };
  const most = Math.min(timeWidth ?? frames, timeShare < 1 ? Math.floor(frames * timeShare) : frames);
  return [
    ...Array.from({length: frequencyMasks}, () => draw('frequency', features, frequencyWidth)),
    ...Array.from({length: timeMasks}, () => draw('time', frames, most)),
  ];
}

/**
 * SpecAugment (Park et al. 2019) without warping: some bands of frequencies and some stretches of time of each utterance are
 * overwritten, others in each, so that a recogniser learns to do without. For training alone.
 * @param features [batch, frames, features], or [frames, features] of one utterance.
 * @param uniform Draws a number from [0, 1), such as `() => random.uniform()`.
 * @returns Features of the same shape; what is masked has the gradient 0.
 * @throws ShapeError for features of another rank; ConfigError for an option.
 */
export function specAugment(
  features: tf.Tensor,
  uniform: () => number,
  options: Partial<SpecAugmentOptions> = {},
): tf.Tensor {
  const name = 'specAugment';
  requireTensors(name, {features});
  requireUniform(name, uniform);
  const {value, lengths, ...masks} = resolveFields(name, rules, options);
  if ((features.rank !== 2 && features.rank !== 3) || features.size === 0)
    throw new ShapeError(
      `${name}: features [${features.shape}] must be [batch, frames, features] or [frames, features]`,
    );
  const [batch, frames, size] = features.rank === 2 ? [1, ...features.shape] : features.shape;
  if (lengths && lengths.length !== batch)
    throw new ShapeError(`${name}: lengths are ${lengths.length}, but must be one for each of ${batch} utterances`);
  const hidden = {time: new Uint8Array(batch * frames), frequency: new Uint8Array(batch * size)};
  for (let row = 0; row < batch; row++) {
    const length = lengths?.[row] ?? frames;
    requireArgument(
      name,
      'lengths',
      length,
      Number.isInteger(length) && length >= 0 && length <= frames,
      `0 to ${frames}`,
    );
    for (const {axis, start, end} of spansOf({frames: length, features: size}, uniform, masks)) {
      const first = row * (axis === 'time' ? frames : size);
      hidden[axis].fill(1, first + start, first + end);
    }
  }
  return tf.tidy(() => {
    const isHidden = tf
      .tensor3d(hidden.time, [batch, frames, 1], 'bool')
      .logicalOr(tf.tensor3d(hidden.frequency, [batch, 1, size], 'bool'))
      .reshape(features.shape);
    return tf.where(isHidden, tf.fill(features.shape, value), features.toFloat());
  });
}
