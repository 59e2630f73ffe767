import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {inverseRealFft, realFft} from '../../src/kernels/real-fft';
import {realFftReference} from '../../src/kernels/real-fft/reference';
import {checkKernel, normalPlain, type Plain, rowsOf} from './gradient-check';

/** The sum that defines the transform, of rows cut or padded to `length`: real parts, imaginary parts. */
function definition(x: Plain, length: number): number[][] {
  const part = (f: (angle: number) => number) =>
    rowsOf(x).flatMap((row) =>
      Array.from({length: Math.floor(length / 2) + 1}, (_, k) =>
        row.slice(0, length).reduce((sum, value, j) => sum + value * f((-2 * Math.PI * j * k) / length), 0),
      ),
    );
  return [part(Math.cos), part(Math.sin)];
}

/** The sum over the whole spectrum, the second half of which mirrors the first. */
function inverseDefinition(real: Plain, imag: Plain, length: number, keep: number): number[] {
  const [re, im] = [rowsOf(real), rowsOf(imag)];
  return re.flatMap((row, r) =>
    Array.from({length: keep}, (_, j) =>
      row.reduce((sum, value, k) => {
        const angle = (2 * Math.PI * j * k) / length;
        const times = k === 0 || 2 * k === length ? 1 : 2;
        return sum + (times / length) * (value * Math.cos(angle) - im[r][k] * Math.sin(angle));
      }, 0),
    ),
  );
}

const sizes = fc.record({
  leading: fc.array(fc.integer({min: 1, max: 3}), {maxLength: 2}),
  size: fc.integer({min: 1, max: 9}),
  length: fc.integer({min: 1, max: 12}),
  seed: fc.nat(),
});

describe('realFft', () => {
  it('and its gradient are what the definition gives, cut, padded and whole', () => {
    fc.assert(
      fc.property(sizes, ({leading, size, length, seed}) =>
        checkKernel({
          inputs: {x: normalPlain([...leading, size], seed, 'x')},
          op: ({x}) => {
            const {real, imag} = realFft(x, length);
            return [real, imag];
          },
          definition: ({x}) => definition(x, length),
          least: {output: 1, gradient: 1},
        }),
      ),
      {numRuns: 30},
    );
  });

  it('is what the definition gives at lengths of any factors, one after the other and prime', () => {
    for (const length of [32, 33, 37, 64, 96, 121, 127, 210, 257, 512, 1009]) {
      const x = normalPlain([2, length], length, 'x');
      const parts = tf.tidy(() => {
        const spectrum = realFftReference(tf.tensor(x.data, x.shape), length);
        return [spectrum.real, spectrum.imag].map((part) => [...part.dataSync()]);
      });
      const largest = 4 * Math.sqrt(length);
      definition(x, length).forEach((expected, part) => {
        expected.forEach((value, i) => {
          expect(Math.abs(parts[part][i] - value), `length ${length}`).toBeLessThan(1e-6 * largest);
        });
      });
    }
  });

  it('transforms the whole axis by default, and refuses to transform nothing', () => {
    tf.tidy(() => {
      const {real, imag} = realFft(tf.tensor2d([[1, 0, 0, 0, 0]]));
      expect([...real.dataSync()]).toEqual([1, 1, 1]);
      expect(imag.shape).toEqual([1, 3]);
      expect(() => realFft(tf.zeros([2, 0]))).toThrow(
        'realFft: the length is 0 for x [2,0], but must be a whole number from 1 on',
      );
    });
  });
});

describe('inverseRealFft', () => {
  it('and its gradients are what the definition gives, whole and in part', () => {
    fc.assert(
      fc.property(sizes, ({leading, size, length, seed}) => {
        const shape = [...leading, Math.floor(length / 2) + 1];
        const keep = Math.min(size, length);
        checkKernel({
          inputs: {real: normalPlain(shape, seed, 'real'), imag: normalPlain(shape, seed, 'imag')},
          op: ({real, imag}) => [inverseRealFft({real, imag}, length, keep)],
          definition: ({real, imag}) => [inverseDefinition(real, imag, length, keep)],
          least: {output: 1, gradient: 1},
        });
      }),
      {numRuns: 30},
    );
  });

  it('refuses a spectrum of another length, and to keep more than there is', () => {
    tf.tidy(() => {
      const [real, imag] = [tf.zeros([2, 3]), tf.zeros([2, 3])];
      expect(() => inverseRealFft({real, imag}, 6)).toThrow(
        'inverseRealFft: real [2,3] and imag [2,3] must be alike and end in 4 for 6 numbers',
      );
      expect(() => inverseRealFft({real, imag}, 5, 6)).toThrow('inverseRealFft: cannot keep 6 of 5 numbers');
    });
  });
});
