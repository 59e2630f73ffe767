import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {anglesAt, rotaryFrequencies, rotaryTables} from '../../src/kernels/rotary-embedding';

afterAll(() => tf.setBackend('cpu'));

describe('rotaryTables of positions on the device', () => {
  it.each(['cpu', 'simd'])('are the cosines and sines of the angles, far out too, on %s', async (backend) => {
    await tf.setBackend(backend);
    const position = fc.oneof(fc.nat(200), fc.nat(2 ** 24 - 1));
    const frequencies = fc.oneof(
      fc.integer({min: 1, max: 20}).map((half) => rotaryFrequencies(2 * half)),
      fc.array(fc.double({min: 0, max: 1, noNaN: true}), {minLength: 1, maxLength: 5}),
    );
    fc.assert(
      fc.property(fc.array(position, {minLength: 1, maxLength: 6}), frequencies, (positions, each) =>
        tf.tidy(() => {
          const {cos, sin} = rotaryTables(tf.tensor1d(positions, 'int32'), each);
          expect(cos.shape).toEqual([positions.length, each.length]);
          expect(sin.shape).toEqual(cos.shape);
          const angles = positions.flatMap((n) => each.map((frequency) => n * frequency));
          const [c, s] = [cos.dataSync(), sin.dataSync()];
          angles.forEach((angle, i) => {
            expect(Math.abs(c[i] - Math.cos(angle))).toBeLessThan(1e-6);
            expect(Math.abs(s[i] - Math.sin(angle))).toBeLessThan(1e-6);
          });
        }),
      ),
      {numRuns: 40},
    );
  });

  it.each(['cpu', 'simd'])('are as exact at position 1,000,000 as at 1, on %s', async (backend) => {
    await tf.setBackend(backend);
    const frequencies = rotaryFrequencies(128);
    const worst = (position: number) =>
      tf.tidy(() => {
        const {cos, sin} = rotaryTables(tf.tensor1d([position], 'int32'), frequencies);
        const [c, s] = [cos.dataSync(), sin.dataSync()];
        const off = frequencies.map((frequency, i) =>
          Math.max(Math.abs(c[i] - Math.cos(position * frequency)), Math.abs(s[i] - Math.sin(position * frequency))),
        );
        return Math.max(...off);
      });
    // A value of float32 near 1 is a multiple of 6e-8; the reference multiplies four of them.
    const least = backend === 'simd' ? 3.1e-8 : 4e-7;
    for (const position of [1, 999999, 1000000]) expect(worst(position)).toBeLessThan(least);
  });

  it.each(['cpu', 'simd'])('follow the length of the sequence, on %s', async (backend) => {
    await tf.setBackend(backend);
    const pairs = 6;
    const number = (min: number, max: number) => fc.double({min, max, noNaN: true});
    const each = (min: number, max: number) => fc.array(number(min, max), {minLength: pairs, maxLength: pairs});
    const growth = fc.record({
      original: fc.constantFrom(16, 4096),
      slope: number(1, 40),
      exponents: each(0, 1.2),
      kept: each(0, 1),
      temperature: fc.constantFrom(0, 0.1),
    });
    const angles = fc.record({
      frequencies: each(0, 1),
      factor: number(0.5, 2),
      beyond: fc.record({
        length: fc.constantFrom(16, 4096, 100000),
        frequencies: each(0, 1),
        factor: number(0.5, 2),
        growth: fc.option(growth),
      }),
    });
    const position = fc.oneof(fc.nat(40), fc.nat(5000), fc.nat(2 ** 24 - 1));
    fc.assert(
      fc.property(fc.array(position, {minLength: 1, maxLength: 6}), angles, (positions, given) =>
        tf.tidy(() => {
          const {frequencies, factor} = anglesAt(given, Math.max(...positions) + 1);
          const {cos, sin} = rotaryTables(tf.tensor1d(positions, 'int32'), given);
          const [c, s] = [cos.dataSync(), sin.dataSync()];
          const wanted = positions.flatMap((n) => frequencies.map((frequency) => n * frequency));
          wanted.forEach((angle, i) => {
            expect(Math.abs(c[i] - factor * Math.cos(angle))).toBeLessThan(1e-6 * factor);
            expect(Math.abs(s[i] - factor * Math.sin(angle))).toBeLessThan(1e-6 * factor);
          });
          const host = rotaryTables(positions, given);
          expect(host.cos.sub(cos).abs().max().dataSync()[0]).toBeLessThan(1e-6 * factor);
        }),
      ),
      {numRuns: 60},
    );
  });
});
