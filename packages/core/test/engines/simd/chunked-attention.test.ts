import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {chunkedAttention} from '../../../src/kernels/chunked-attention';
import {stableOrder} from '../../../src/kernels/stable-order';
import {Random} from '../../../src/random';
import {type ChunkedCase, chunkedCases, optionsOf, timeOf} from '../../kernels/chunked-attention-cases';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

/** The outputs, and the gradients of the sum of the output times random numbers. */
function withGradients(given: ChunkedCase): tf.Tensor[] {
  const {batch, heads, size, valueSize, seed} = given;
  const random = new Random(seed, 'chunks');
  const draw = (width: number) => randomTensor([batch, heads, timeOf(given), width], random);
  const [q, k, v, probe] = [size, size, valueSize, valueSize].map(draw);
  const options = optionsOf(given);
  const {output, largest, total} = chunkedAttention(q, k, v, options);
  const loss = (...[q, k, v]: tf.Tensor[]) => chunkedAttention(q, k, v, options).output.mul(probe).sum() as tf.Scalar;
  return [output, largest, total, ...tf.grads(loss)([q, k, v])];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('chunkedAttention on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(chunkedCases({maxChunk: 13, maxSize: 21}), async (given) =>
        expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 40},
    ));

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const large = () =>
      withGradients({
        ...{batch: 2, heads: 3, rounds: 2, chunks: 20, chunkLength: 16, size: 32, valueSize: 32, before: 1, after: 0},
        ...{causal: true, selfScore: -1e5, sorted: true, masked: true, seed: 1},
      });
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });
});

describe('stableOrder on the simd engine', () => {
  it('gives what the reference gives', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({min: 1, max: 5}),
        fc.integer({min: 1, max: 300}),
        fc.nat(),
        async (rows, length, seed) =>
          expectSame(
            await onBoth(() =>
              stableOrder(randomTensor([rows, length], new Random(seed), 'int32').add(tf.scalar(9, 'int32')), 19),
            ),
            0,
          ),
      ),
      {numRuns: 20},
    ));
});
