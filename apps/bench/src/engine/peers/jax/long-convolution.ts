import {type Array as JaxArray, numpy as np} from '@jax-js/jax';

type Spectrum = {real: JaxArray; imag: JaxArray};

/** Along the last axis, with as many zeros behind. */
const spectrumOf = (x: JaxArray): Spectrum => np.fft.rfft(np.concatenate([x.ref, np.zerosLike(x)], -1));

/** The first half of what a spectrum is of. */
const numbersOf = (spectrum: Spectrum): JaxArray => np.split(np.fft.irfft(spectrum), 2, -1)[0];

/** a b, or the conjugate of a times b. Neither is used up. */
function product(a: Spectrum, b: Spectrum, isConjugate: boolean): Spectrum {
  const [rr, ii] = [a.real.ref.mul(b.real.ref), a.imag.ref.mul(b.imag.ref)];
  const [ri, ir] = [a.real.ref.mul(b.imag.ref), a.imag.ref.mul(b.real.ref)];
  return isConjugate ? {real: rr.add(ii), imag: ri.sub(ir)} : {real: rr.sub(ii), imag: ri.add(ir)};
}

/**
 * By products of spectra, there and back, in arrays [batch, channels, time] and [channels, time].
 * @returns The gradients by x and the filter, and the convolution.
 */
export function plainLongConvolution(x: JaxArray, filter: JaxArray, direction: JaxArray): JaxArray[] {
  const [X, K, D] = [x, filter, direction].map(spectrumOf);
  const perRow = product(X, D, true);
  const summed = {real: np.sum(perRow.real, 0), imag: np.sum(perRow.imag, 0)};
  const spectra = [product(K, D, true), summed, product(X, K, false)];
  for (const {real, imag} of [X, K, D]) {
    real.dispose();
    imag.dispose();
  }
  return spectra.map(numbersOf);
}
