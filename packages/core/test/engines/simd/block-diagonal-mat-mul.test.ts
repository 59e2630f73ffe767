import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {blockDiagonalMatMul} from '../../../src/kernels/block-diagonal-mat-mul';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  leading: number[];
  blocks: number;
  outputs: number;
  inputs: number;
  seed: number;
}

/** The output and the gradients of its sum times random numbers. */
function withGradients({leading, blocks, outputs, inputs, seed}: Case): tf.Tensor[] {
  const random = new Random(seed, 'blocks');
  const draw = (...shape: number[]) => randomTensor(shape, random);
  const [x, weights] = [draw(...leading, blocks * inputs), draw(blocks, outputs, inputs)];
  const probe = draw(...leading, blocks * outputs);
  const loss = (x: tf.Tensor, weights: tf.Tensor) => blockDiagonalMatMul(x, weights).mul(probe).sum();
  return [blockDiagonalMatMul(x, weights), ...tf.grads(loss)([x, weights])];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('blockDiagonalMatMul on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          leading: fc.array(fc.integer({min: 1, max: 9}), {maxLength: 3}),
          blocks: fc.integer({min: 1, max: 5}),
          outputs: fc.integer({min: 1, max: 21}),
          inputs: fc.integer({min: 1, max: 21}),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 40},
    ));

  it('gives the same bits for any number of threads, also where there is more than a block of everything', async () => {
    const large = () => withGradients({leading: [3, 50], blocks: 3, outputs: 70, inputs: 150, seed: 1});
    expectSame(await onBoth(large), 1e-4);
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });
});
