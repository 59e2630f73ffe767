import * as tf from '@tensorflow/tfjs';
import {inverseRealFft, realFft, type Spectrum} from '../real-fft';
import type {LongConvolutionAttributes, LongConvolutionInputs} from './types';

/**
 * The cyclic convolution that a long convolution is a part of: lag l of the filter stands at l modulo `length`, and no two
 * lags that occur share a place unless the convolution is circular itself.
 */
export interface CyclicShape {
  /** Positions of the cyclic convolution. */
  length: number;
  /** Taps of the filter and of its future part that there is room for; those beyond meet no position. */
  taps: number;
  futureTaps: number;
}

const nextPowerOfTwo = (n: number) => 2 ** Math.ceil(Math.log2(n));

/** The shape of a convolution of x [batch, time, channels]. */
export function cyclicShape(
  {x, filter, future}: {x: tf.TensorInfo; filter: tf.TensorInfo; future?: tf.TensorInfo},
  {mode}: LongConvolutionAttributes,
): CyclicShape {
  const time = x.shape[1];
  const taps = Math.min(filter.shape[0], time);
  const futureTaps = Math.min(future?.shape[0] ?? 0, time);
  const length = mode === 'circular' ? time : nextPowerOfTwo(time + Math.max(taps - 1, futureTaps));
  return {length, taps, futureTaps};
}

/** [..., time, channels] to [..., channels, time] and back. */
const exchanged = (x: tf.Tensor): tf.Tensor => x.transpose([...Array(x.rank - 2).keys(), x.rank - 1, x.rank - 2]);

/** The spectrum along time of x [..., time, channels]: [..., channels, length / 2 + 1]. */
export const spectrumOf = (x: tf.Tensor, length: number): Spectrum => realFft(exchanged(x), length);

/** The first `keep` positions of what a spectrum is of, [..., keep, channels]. */
export const positionsOf = (spectrum: Spectrum, length: number, keep = length): tf.Tensor =>
  exchanged(inverseRealFft(spectrum, length, keep));

/** The filter as it stands in the cyclic convolution, [length, channels]. */
export function cyclicFilter({filter, future}: LongConvolutionInputs, shape: CyclicShape): tf.Tensor {
  const {length, taps, futureTaps} = shape;
  const channels = filter.shape[1] as number;
  const parts = [filter.slice([0, 0], [taps, channels]), tf.zeros([length - taps - futureTaps, channels])];
  if (future) parts.push(future.slice([0, 0], [futureTaps, channels]).reverse(0));
  return tf.concat(parts, 0);
}

/** a b */
export const product = (a: Spectrum, b: Spectrum): Spectrum => ({
  real: a.real.mul(b.real).sub(a.imag.mul(b.imag)),
  imag: a.real.mul(b.imag).add(a.imag.mul(b.real)),
});

/** a times the conjugate of b: the spectrum of a correlation. */
export const conjugateProduct = (a: Spectrum, {real, imag}: Spectrum): Spectrum => product(a, {real, imag: imag.neg()});
