import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {type RotaryPairing, rotaryEmbedding} from '../../../src/kernels/rotary-embedding';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor} from './backends';

const cases = fc.record({
  leading: fc.array(fc.integer({min: 1, max: 5}), {maxLength: 3}),
  half: fc.integer({min: 1, max: 9}),
  pairing: fc.constantFrom<RotaryPairing>('interleaved', 'halves'),
  seed: fc.nat(),
});

describe('rotary embedding on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('turns by tables that broadcast in any way, and back', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({leading, half, pairing, seed}) => {
        const compute = () => {
          const random = new Random(seed, 'rotary');
          const table = () => {
            const shape = leading.map((length) => (random.chance(0.4) ? 1 : length));
            return randomTensor([...shape.slice(random.below(shape.length + 1)), half], random);
          };
          const tables = {cos: table(), sin: table()};
          const x = randomTensor([...leading, 2 * half], random);
          const probe = randomTensor(x.shape, random);
          const gradient = tf.grad((y) => rotaryEmbedding(y, tables, pairing).mul(probe).sum())(x);
          return [rotaryEmbedding(x, tables, pairing), gradient];
        };
        expectSame(await onBoth(compute), 1e-6);
      }),
      {numRuns: 60},
    ));
});
