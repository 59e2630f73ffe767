import * as tf from '@tensorflow/tfjs';
import {fitLastAxis, inverseRealFftReference, realFftReference, type Spectrum} from './reference';

/** Weights of the numbers of half a spectrum: the first and, where there is one, the middle stand for themselves only. */
function weights(length: number, edge: number, inside: number): tf.Tensor {
  const count = Math.floor(length / 2) + 1;
  const isEdge = (k: number) => k === 0 || 2 * k === length;
  return tf.tensor1d(Array.from({length: count}, (_, k) => (isEdge(k) ? edge : inside)));
}

/** The gradient of x [..., size]: transforming back, where each number inside would count twice. */
export function realFftGradient({real, imag}: Spectrum, size: number, length: number): tf.Tensor {
  return tf.tidy(() => {
    const weight = weights(length, length, length / 2);
    const back = inverseRealFftReference({real: real.mul(weight), imag: imag.mul(weight)}, length, length);
    return fitLastAxis(back, size);
  });
}

/** The gradient of a spectrum: transforming, where each number inside stands for two. */
export function inverseRealFftGradient(dy: tf.Tensor, length: number): Spectrum {
  return tf.tidy(() => {
    const weight = weights(length, 1 / length, 2 / length);
    const {real, imag} = realFftReference(dy, length);
    return {real: real.mul(weight), imag: imag.mul(weight)};
  });
}
