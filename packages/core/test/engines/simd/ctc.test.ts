import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {ctcLoss} from '../../../src/kernels/ctc-loss';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  classes: number;
  labels: number;
  seed: number;
}

/** The losses and the gradients of logits of samples of any lengths, some of them impossible. */
function withGradients({batch, time, classes, labels, seed}: Case): tf.Tensor[] {
  const random = new Random(seed, 'ctc');
  const logits = randomTensor([batch, time, classes], random);
  const whole = (shape: number[], draw: () => number) =>
    tf.tensor(Int32Array.from({length: tf.util.sizeFromShape(shape)}, draw), shape, 'int32');
  const targets = whole([batch, labels], () => 1 + random.below(classes - 1));
  const targetLengths = whole([batch], () => random.below(labels + 1));
  const inputLengths = whole([batch], () => random.below(time + 1));
  const loss = (x: tf.Tensor) => ctcLoss(x, targets, {inputLengths, targetLengths, reduction: 'none'});
  const weighted = (x: tf.Tensor) => ctcLoss(x, targets, {inputLengths, targetLengths, zeroInfinity: true});
  return [loss(logits), tf.grad(weighted)(logits)];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('ctcLoss on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          batch: fc.integer({min: 1, max: 4}),
          time: fc.integer({min: 1, max: 30}),
          classes: fc.integer({min: 2, max: 40}),
          labels: fc.integer({min: 1, max: 13}),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-5),
      ),
      {numRuns: 30},
    ));

  it('gives the same bits for any number of threads', async () => {
    const large = () => withGradients({batch: 5, time: 200, classes: 130, labels: 30, seed: 1});
    await setThreads(1);
    await tf.setBackend('simd');
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });
});
