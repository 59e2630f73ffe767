import * as tf from '@tensorflow/tfjs';
import {growAxis} from '../padding';

/** Complex numbers: tfjs's own complex tensors are slow or wrong on some of its engines. */
export interface Complex {
  real: tf.Tensor;
  imag: tf.Tensor;
}

/** Up to so many numbers are transformed by one matrix product. */
const DIRECT = 32;

/**
 * The discrete Fourier transform of complex numbers [..., n] along the last axis, of matrix products and element-wise
 * operations alone, so that every engine computes it, and computes it alike:
 *
 *     X[k] = sum_j x[j] w^(jk),   w = exp(-2 pi i / n)
 *
 * @param x `imag` is missing where all numbers are real.
 */
export function fourier(x: {real: tf.Tensor; imag?: tf.Tensor}): Complex {
  const n = x.real.shape[x.real.rank - 1];
  if (n <= DIRECT) return product(x, rootsOfUnity(n, n, n));
  const rows = largestDivisor(n);
  return rows === 1 ? chirp(x, n) : byRows(x, rows, n / rows);
}

/**
 * Cooley and Tukey: with j = columns j1 + j2 and k = k1 + rows k2,
 *
 *     X[k1 + rows k2] = sum_j2 ( w^(j2 k1) sum_j1 x[columns j1 + j2] w^(columns j1 k1) ) w^(rows j2 k2)
 */
function byRows({real, imag}: {real: tf.Tensor; imag?: tf.Tensor}, rows: number, columns: number): Complex {
  const batch = real.shape.slice(0, -1);
  const last = batch.length + 1;
  const swapped = [...batch.keys(), last, last - 1];
  const inRows = (x: tf.Tensor) => x.reshape([...batch, rows, columns]).transpose(swapped);
  const first = fourier({real: inRows(real), imag: imag && inRows(imag)});
  const turned = times(first, rootsOfUnity(rows * columns, columns, rows));
  const second = fourier({real: turned.real.transpose(swapped), imag: turned.imag.transpose(swapped)});
  const inOrder = (x: tf.Tensor) => x.transpose(swapped).reshape([...batch, rows * columns]);
  return {real: inOrder(second.real), imag: inOrder(second.imag)};
}

/**
 * Bluestein, where n is prime: as jk = (j² + k² - (k - j)²) / 2, the transform is a convolution with c[m] = w^(-m²/2),
 * done at a power of two:
 *
 *     X[k] = conj(c[k]) sum_j x[j] conj(c[j]) c[k - j]
 */
function chirp({real, imag}: {real: tf.Tensor; imag?: tf.Tensor}, n: number): Complex {
  const axis = real.rank - 1;
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  // w^(-m²/2) depends on m² modulo 2n alone, which keeps the angle exact.
  const angles = Array.from({length: n}, (_, m) => (Math.PI * ((m * m) % (2 * n))) / n);
  const c = {real: tf.tensor1d(angles.map(Math.cos)), imag: tf.tensor1d(angles.map(Math.sin))};
  const turned = times({real, imag: imag ?? tf.zerosLike(real)}, conjugate(c));
  const around = (x: tf.Tensor1D) => tf.concat([x, tf.zeros([size - 2 * n + 1]), x.slice(1).reverse()]) as tf.Tensor1D;
  const spectrum = times(
    fourier({real: growAxis(turned.real, axis, size), imag: growAxis(turned.imag, axis, size)}),
    fourier({real: around(c.real), imag: around(c.imag)}),
  );
  const sum = conjugate(fourier(conjugate(spectrum)));
  const first = (x: tf.Tensor) => tf.split(x.div(size), [n, size - n], axis)[0];
  return times({real: first(sum.real), imag: first(sum.imag)}, conjugate(c));
}

/** exp(-2 pi i jk / n) for j < height and k < width. */
function rootsOfUnity(n: number, height: number, width: number): Complex {
  const angles = new Float64Array(height * width);
  for (let j = 0; j < height; j++)
    for (let k = 0; k < width; k++) angles[j * width + k] = (-2 * Math.PI * ((j * k) % n)) / n;
  const table = (f: (angle: number) => number) => tf.tensor2d(Float32Array.from(angles, f), [height, width]);
  return {real: table(Math.cos), imag: table(Math.sin)};
}

/** The largest divisor of n that is no larger than its square root: 1 where n is prime. */
function largestDivisor(n: number): number {
  let divisor = Math.floor(Math.sqrt(n));
  while (n % divisor !== 0) divisor--;
  return divisor;
}

const conjugate = ({real, imag}: Complex): Complex => ({real, imag: imag.neg()});

const times = (x: Complex, y: Complex): Complex => ({
  real: x.real.mul(y.real).sub(x.imag.mul(y.imag)),
  imag: x.real.mul(y.imag).add(x.imag.mul(y.real)),
});

/** x [..., n] times a matrix [n, n]. */
function product(x: {real: tf.Tensor; imag?: tf.Tensor}, matrix: Complex): Complex {
  const n = matrix.real.shape[0];
  const by = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a.reshape([-1, n]), b).reshape(a.shape);
  const [real, imag] = [by(x.real, matrix.real), by(x.real, matrix.imag)];
  if (!x.imag) return {real, imag};
  return {real: real.sub(by(x.imag, matrix.imag)), imag: imag.add(by(x.imag, matrix.real))};
}
