import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {SimdBackend} from '../../../src/engines/simd/backend';
import {setThreads} from '../../../src/engines/simd/register';
import {inverseRealFft, realFft} from '../../../src/kernels/real-fft';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

/** Short ones, powers of two, their neighbours, products of small primes, primes. */
const lengths = fc.oneof(
  fc.integer({min: 1, max: 40}),
  fc.constantFrom(16, 32, 64, 128, 256, 512, 1024),
  fc.constantFrom(48, 60, 63, 65, 100, 127, 200, 257, 400, 1000),
);

const cases = fc.record({
  leading: fc.array(fc.integer({min: 1, max: 3}), {maxLength: 2}),
  length: lengths,
  seed: fc.nat(),
});

type Parameters = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const check = (compute: (c: Parameters, random: Random) => tf.Tensor[]) =>
  fc.assert(
    fc.asyncProperty(cases, async (c) =>
      // The cpu backend's own transform adds up its errors.
      expectSame(await onBoth(() => compute(c, new Random(c.seed, 'fft'))), 3e-6),
    ),
    {numRuns: 40},
  );

const parts = (x: tf.Tensor) => [tf.real(x), tf.imag(x)];

describe('Fourier transforms on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('fft and ifft of complex tensors', () =>
    check(({leading, length}, random) => {
      const shape = [...leading, length];
      const x = tf.complex(randomTensor(shape, random), randomTensor(shape, random));
      return [...parts(tf.fft(x)), ...parts(tf.ifft(x))];
    }));

  it('rfft and irfft of tfjs, which are composed of them', () =>
    check(({leading, length}, random) => {
      const spectrum = tf.spectral.rfft(randomTensor([...leading, length], random));
      return [...parts(spectrum), tf.spectral.irfft(spectrum)];
    }));

  it('realFft, cut and padded, with its gradient', () =>
    check(({leading, length}, random) => {
      const x = randomTensor([...leading, 1 + random.below(2 * length)], random);
      const shape = realFft(x, length).real.shape;
      const probes = [randomTensor(shape, random), randomTensor(shape, random)];
      const loss = (y: tf.Tensor) => {
        const {real, imag} = realFft(y, length);
        return real.mul(probes[0]).sum().add(imag.mul(probes[1]).sum());
      };
      const {real, imag} = realFft(x, length);
      return [real, imag, tf.grad(loss)(x)];
    }));

  it('inverseRealFft, whole and in part, with its gradients', () =>
    check(({leading, length}, random) => {
      const shape = [...leading, Math.floor(length / 2) + 1];
      const spectrum = [randomTensor(shape, random), randomTensor(shape, random)];
      const keep = 1 + random.below(length);
      const probe = randomTensor([...leading, keep], random);
      const run = (real: tf.Tensor, imag: tf.Tensor) => inverseRealFft({real, imag}, length, keep);
      const gradients = tf.grads((real, imag) => run(real, imag).mul(probe).sum())(spectrum);
      return [run(spectrum[0], spectrum[1]), ...gradients];
    }));

  it('gives back the numbers of long rows, which thread memory does not hold', async () => {
    await tf.setBackend('simd');
    for (const length of [2 ** 15, 30030, 12345])
      tf.tidy(() => {
        const x = randomTensor([3, length], new Random(length, 'long'));
        const back = inverseRealFft(realFft(x), length);
        expect(back.sub(x).abs().max().dataSync()[0]).toBeLessThan(1e-5);
      });
  });

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const compute = () => {
      const {real, imag} = realFft(randomTensor([9, 1000], new Random(5, 'threads')));
      return [real, imag, inverseRealFft({real, imag}, 1000)];
    };
    await setThreads(1);
    const alone = resultsOf(compute);
    await setThreads(3);
    expect(resultsOf(compute)).toEqual(alone);
  });

  it('frees the tables of lengths that were not used for long', async () => {
    await tf.setBackend('simd');
    const {memoryBlocks} = tf.backend() as unknown as SimdBackend;
    const transform = (length: number) => tf.tidy(() => void realFft(tf.zeros([1, length])));
    const round = () => {
      for (let i = 0; i < 40; i++) transform(64 + 2 * i);
      return memoryBlocks.usedBytes;
    };
    const before = round();
    expect(round()).toBe(before);
  });
});
