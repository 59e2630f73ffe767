import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {rotaryFrequencies, rotaryTables} from '../../src/kernels/rotary-embedding';

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
});
