import * as tf from '@tensorflow/tfjs';

/** Real and imaginary parts. */
type Spectrum = [tf.Tensor, tf.Tensor];

/** Along the last axis, with as many zeros behind. */
function spectrumOf(x: tf.Tensor): Spectrum {
  const spectrum = tf.spectral.rfft(x, 2 * (x.shape[x.rank - 1] as number));
  return [tf.real(spectrum), tf.imag(spectrum)];
}

/** The first half of what a spectrum is of. */
function numbersOf([real, imag]: Spectrum): tf.Tensor {
  const whole = tf.spectral.irfft(tf.complex(real, imag));
  return tf.split(whole, 2, whole.rank - 1)[0];
}

/** a b, in parts: products of complex tensors go wrong where one is broadcast. */
const product = ([a, b]: Spectrum, [c, d]: Spectrum): Spectrum => [a.mul(c).sub(b.mul(d)), a.mul(d).add(b.mul(c))];

const conjugate = ([real, imag]: Spectrum): Spectrum => [real, imag.neg()];

/**
 * By products of spectra, there and back, in tensors [batch, channels, time] and [channels, time].
 * @returns The gradients by x and the filter, and the convolution.
 */
export function plainLongConvolution(x: tf.Tensor, filter: tf.Tensor, direction: tf.Tensor): tf.Tensor[] {
  const [X, K, D] = [x, filter, direction].map(spectrumOf);
  const [real, imag] = product(conjugate(X), D);
  return [product(conjugate(K), D), [real.sum(0), imag.sum(0)] as Spectrum, product(X, K)].map(numbersOf);
}
