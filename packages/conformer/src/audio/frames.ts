import * as tf from '@tensorflow/tfjs';
import {requireTensors, ShapeError} from '@variants/core';

/** Throws a ShapeError unless a waveform is [..., samples] with at least so many. */
export function requireWaveform(owner: string, waveform: tf.Tensor, least: number): void {
  requireTensors(owner, {waveform});
  const samples = waveform.shape[waveform.rank - 1] ?? 0;
  if (waveform.rank >= 1 && samples >= least && waveform.size > 0) return;
  throw new ShapeError(`${owner}: waveform [${waveform.shape}] must be [..., samples] with at least ${least} samples`);
}

/**
 * Pieces of a waveform, one every `hop` samples. Each sample is fetched by its place, so that padding costs nothing.
 * @param waveform [..., samples]
 * @param count How many pieces.
 * @param placeOf The place of a sample of the line of pieces, which begins at 0, in the waveform.
 * @returns [..., count, length]
 */
export function framesOf(
  waveform: tf.Tensor,
  {count, length, hop, placeOf}: {count: number; length: number; hop: number; placeOf: (sample: number) => number},
): tf.Tensor {
  const places = Int32Array.from({length: count * length}, (_, i) =>
    placeOf(Math.floor(i / length) * hop + (i % length)),
  );
  const leading = waveform.shape.slice(0, -1);
  return tf.tidy(() =>
    waveform
      .toFloat()
      .reshape([-1, waveform.shape[waveform.rank - 1]])
      .gather(tf.tensor1d(places, 'int32'), 1)
      .reshape([...leading, count, length]),
  );
}
