import * as tf from '@tensorflow/tfjs';
import {growAxis} from '../padding';
import {fourier} from './fourier';

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
    const {real, imag} = fourier({real: fitLastAxis(x, length)});
    const count = Math.floor(length / 2) + 1;
    return {real: lastAxis(real, 0, count), imag: lastAxis(imag, 0, count)};
  });
}

/** The first `keep` of the `length` real numbers whose spectrum begins with this one. */
export function inverseRealFftReference({real, imag}: Spectrum, length: number, keep: number): tf.Tensor {
  return tf.tidy(() => {
    const mirrored = (x: tf.Tensor) => lastAxis(x, 1, length - x.shape[x.rank - 1]).reverse(-1);
    const axis = real.rank - 1;
    // The inverse transform is the conjugate of the transform of the conjugate, divided by the length.
    const conjugate = {
      real: tf.concat([real, mirrored(real)], axis),
      imag: tf.concat([imag.neg(), mirrored(imag)], axis),
    };
    return lastAxis(fourier(conjugate).real, 0, keep).div(length);
  });
}
