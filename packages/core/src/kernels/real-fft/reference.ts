import * as tf from '@tensorflow/tfjs';
import {growAxis} from '../padding';

/** The first half of the spectrum of real numbers, of which the rest is the mirror image. */
export interface Spectrum {
  /** The real parts, [..., floor(length / 2) + 1]. */
  real: tf.Tensor;
  /** The imaginary parts, of the same shape. */
  imag: tf.Tensor;
}

/** The numbers first .. first+count-1 of the last axis. */
function lastAxis(x: tf.Tensor, first: number, count: number): tf.Tensor {
  const begin = [...x.shape.slice(0, -1).fill(0), first];
  return tf.slice(x, begin, [...x.shape.slice(0, -1), count]);
}

/** x with its last axis cut or padded with zeros to `length`. */
export function fitLastAxis(x: tf.Tensor, length: number): tf.Tensor {
  return x.shape[x.rank - 1] >= length ? lastAxis(x, 0, length) : growAxis(x, x.rank - 1, length);
}

/** The first half of the spectrum of x [..., n], cut or padded to `length`. */
export function realFftReference(x: tf.Tensor, length: number): Spectrum {
  return tf.tidy(() => {
    const whole = fitLastAxis(x, length);
    const spectrum = tf.fft(tf.complex(whole, tf.zerosLike(whole)));
    const count = Math.floor(length / 2) + 1;
    return {real: lastAxis(tf.real(spectrum), 0, count), imag: lastAxis(tf.imag(spectrum), 0, count)};
  });
}

/** The first `keep` of the `length` real numbers whose spectrum begins with this one. */
export function inverseRealFftReference({real, imag}: Spectrum, length: number, keep: number): tf.Tensor {
  return tf.tidy(() => {
    const mirrored = (x: tf.Tensor) => lastAxis(x, 1, length - x.shape[x.rank - 1]).reverse(-1);
    const axis = real.rank - 1;
    const spectrum = tf.complex(tf.concat([real, mirrored(real)], axis), tf.concat([imag, mirrored(imag).neg()], axis));
    return lastAxis(tf.real(tf.ifft(spectrum)), 0, keep);
  });
}
