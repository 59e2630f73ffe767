import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {type DilatedPattern, dilatedRows, mergeDilated} from '../../../src/kernels/dilated';
import {keptShape} from '../../../src/kernels/dilated/pattern';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  numHeads: number;
  size: number;
  patterns: DilatedPattern[];
  differentiateShares: boolean;
  seed: number;
}

/** Rows, what is merged of them with log-sum-exps, some of them of nothing, and the gradient through both. */
function withGradients({batch, time, numHeads, size, patterns, differentiateShares, seed}: Case): tf.Tensor[] {
  const random = new Random(seed, 'dilated');
  const shape = [batch, time, numHeads, size];
  const [x, scores, probe] = [shape, [...shape.slice(0, 3), 1], shape].map((each) => randomTensor(each, random));
  const probe2 = randomTensor(shape.slice(0, 3), random);
  const isEmpty = patterns.map((pattern) => randomTensor(keptShape(pattern, shape).slice(0, 3), random, 'bool'));
  const merged = (given: tf.Tensor, levels: tf.Tensor) => {
    const [rows, lse] = [given, levels].map((each) => dilatedRows(each, patterns));
    const found = rows.map((output, i) => ({output: output.mul(i + 1), logSumExp: lse[i].squeeze([3]).mul(i + 1)}));
    const some = found.map(({output, logSumExp}, i) => ({
      output,
      logSumExp: tf.where(isEmpty[i], tf.fill(logSumExp.shape, Number.NEGATIVE_INFINITY), logSumExp),
    }));
    return {rows, ...mergeDilated(some, {patterns, time, differentiateShares})};
  };
  const loss = (given: tf.Tensor, levels: tf.Tensor) => {
    const {output, logSumExp} = merged(given, levels);
    const finite = tf.where(logSumExp.isFinite(), logSumExp, tf.zerosLike(logSumExp));
    return output.mul(probe).sum().add(finite.mul(probe2).sum()).asScalar();
  };
  const {rows, output, logSumExp} = merged(x, scores);
  return [...rows, output, logSumExp, ...tf.grads(loss)([x, scores])];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('dilated attention on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          batch: fc.integer({min: 1, max: 3}),
          time: fc.integer({min: 1, max: 150}),
          numHeads: fc.integer({min: 1, max: 7}),
          size: fc.integer({min: 1, max: 19}),
          patterns: fc.array(
            fc.record({segmentLength: fc.integer({min: 1, max: 200}), dilation: fc.integer({min: 1, max: 9})}),
            {minLength: 1, maxLength: 4},
          ),
          differentiateShares: fc.boolean(),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 40},
    ));

  it('gives the same bits for any number of threads', async () => {
    const patterns = [64, 128, 256].map((segmentLength, i) => ({segmentLength, dilation: 2 ** i}));
    const large = () =>
      withGradients({batch: 2, time: 500, numHeads: 8, size: 32, patterns, differentiateShares: true, seed: 1});
    expectSame(await onBoth(large), 1e-4);
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });
});
