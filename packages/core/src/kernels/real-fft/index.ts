import type * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {inverseRealFftGradient, realFftGradient} from './gradient';
import {inverseRealFftReference, realFftReference, type Spectrum} from './reference';

export type {Spectrum};

/** Attributes of the kernel `RealFft`. */
export interface RealFftAttributes {
  length: number;
}

/** Attributes of the kernel `InverseRealFft`. */
export interface InverseRealFftAttributes {
  length: number;
  keep: number;
}

type SpectrumTensors = {real: tf.Tensor; imag: tf.Tensor};

const sizeOf = (x: tf.Tensor) => x.shape[x.rank - 1] as number;

const forward = defineKernel<{x: tf.Tensor}, RealFftAttributes, SpectrumTensors>({
  name: 'RealFft',
  outputs: ['real', 'imag'],
  differentiable: ['x'],
  reference: ({x}, {length}) => ({...realFftReference(x, length)}),
  gradient: (g, {x}, _, {length}) => ({x: realFftGradient(g, sizeOf(x), length)}),
});

const inverse = defineKernel<SpectrumTensors, InverseRealFftAttributes, {x: tf.Tensor}>({
  name: 'InverseRealFft',
  outputs: ['x'],
  differentiable: ['real', 'imag'],
  reference: (spectrum, {length, keep}) => ({x: inverseRealFftReference(spectrum, length, keep)}),
  gradient: ({x: g}, _, __, {length}) => ({...inverseRealFftGradient(g, length)}),
});

/**
 * The discrete Fourier transform of real numbers along the last axis, `X[k] = sum_j x[j] exp(-2 pi i j k / length)`, for
 * k = 0 .. floor(length / 2); the rest is its mirror image.
 *
 * @param x [..., n] float32
 * @param length Numbers that are transformed: x is cut or padded with zeros at its end. Any; fastest are powers of two.
 *   Default: n.
 * @returns The real and the imaginary parts, [..., floor(length / 2) + 1] each.
 * @throws ShapeError when there is nothing to transform.
 */
export function realFft(x: tf.Tensor, length?: number): Spectrum {
  requireTensors('realFft', {x});
  requireArgument('realFft', 'length', length, length === undefined || typeof length === 'number', 'a number');
  return transform(x, length ?? sizeOf(x));
}

function transform(x: tf.Tensor, length: number): Spectrum {
  if (!(length >= 1 && Number.isInteger(length)))
    throw new ShapeError(`realFft: the length is ${length} for x [${x.shape}], but must be a whole number from 1 on`);
  return forward({x}, {length});
}

/**
 * The real numbers that {@link realFft} gives this spectrum of, along the last axis. The imaginary parts of the first
 * number and of that at length / 2 count for nothing.
 *
 * @param spectrum Two tensors [..., floor(length / 2) + 1].
 * @param length Numbers that were transformed.
 * @param keep How many of the first of them are returned. Default: all.
 * @returns [..., keep]
 * @throws ShapeError when the spectrum is not one of `length` numbers, or `keep` is more than there are.
 */
export function inverseRealFft(spectrum: Spectrum, length: number, keep = length): tf.Tensor {
  requireTensors('inverseRealFft', {real: spectrum?.real, imag: spectrum?.imag});
  const {real, imag} = spectrum;
  requireArgument('inverseRealFft', 'length', length, typeof length === 'number', 'a number');
  const size = Math.floor(length / 2) + 1;
  if (!(length >= 1) || sizeOf(real) !== size || real.shape.join() !== imag.shape.join())
    throw new ShapeError(
      `inverseRealFft: real [${real.shape}] and imag [${imag.shape}] must be alike and end in ${size} for ${length} numbers`,
    );
  if (!(keep >= 0 && keep <= length)) throw new ShapeError(`inverseRealFft: cannot keep ${keep} of ${length} numbers`);
  return inverse({real, imag}, {length, keep}).x;
}
