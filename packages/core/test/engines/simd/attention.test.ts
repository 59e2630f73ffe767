import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {attention} from '../../../src/kernels/attention';
import {Random} from '../../../src/random';

interface Case {
  batch: number;
  keyHeads: number;
  group: number;
  queries: number;
  keys: number;
  size: number;
  valueSize: number;
  causal: boolean;
  mask: boolean;
  bias: boolean;
  seed: number;
}

const cases = fc.record<Case>({
  batch: fc.integer({min: 1, max: 2}),
  keyHeads: fc.integer({min: 1, max: 2}),
  group: fc.integer({min: 1, max: 3}),
  queries: fc.integer({min: 1, max: 70}),
  keys: fc.integer({min: 1, max: 140}),
  size: fc.integer({min: 1, max: 19}),
  valueSize: fc.integer({min: 1, max: 19}),
  causal: fc.boolean(),
  mask: fc.boolean(),
  bias: fc.boolean(),
  seed: fc.nat(),
});

/** Outputs and gradients of a case on the backend that is active, as plain arrays. */
function compute(c: Case): number[][] {
  return tf.tidy(() => {
    const random = new Random(c.seed, 'attention');
    const tensor = (shape: number[]) =>
      tf.tensor(
        Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
        shape,
      );
    const q = tensor([c.batch, c.keyHeads * c.group, c.queries, c.size]);
    const k = tensor([c.batch, c.keyHeads, c.keys, c.size]);
    const v = tensor([c.batch, c.keyHeads, c.keys, c.valueSize]);
    const mask = c.mask ? tensor([c.batch, 1, 1, c.keys]).greater(-0.5) : undefined;
    const bias = tensor([c.keyHeads * c.group, c.queries, c.keys]);
    const [probe, probeLogSumExp] = [tensor([...q.shape.slice(0, 3), c.valueSize]), tensor(q.shape.slice(0, 3))];
    const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, b?: tf.Tensor) =>
      attention(q, k, v, {causal: c.causal, mask, bias: b});
    const loss = (...[q, k, v, b]: tf.Tensor[]) => {
      const {output, logSumExp} = run(q, k, v, b);
      const finite = tf.where(logSumExp.isFinite(), logSumExp, tf.zerosLike(logSumExp));
      return output.mul(probe).sum().add(finite.mul(probeLogSumExp).sum()) as tf.Scalar;
    };
    const inputs = c.bias ? [q, k, v, bias] : [q, k, v];
    const {output, logSumExp} = run(q, k, v, inputs[3]);
    return [output, logSumExp, ...tf.grads(loss)(inputs)].map((x) => [...x.dataSync()]);
  });
}

function expectClose(actual: number[][], expected: number[][], tolerance: number): void {
  for (const [i, values] of expected.entries()) {
    const largest = values.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 1e-3);
    values.forEach((value, j) => {
      if (Number.isFinite(value)) expect(Math.abs(actual[i][j] - value) / largest).toBeLessThan(tolerance);
      else expect(actual[i][j]).toBe(value);
    });
  }
}

describe('attention on the simd engine', () => {
  beforeAll(async () => {
    await tf.setBackend('simd');
  });

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('gives what the reference gives, with all gradients', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        await tf.setBackend('cpu');
        const expected = compute(c);
        await tf.setBackend('simd');
        expectClose(compute(c), expected, 2e-5);
      }),
      {numRuns: 60},
    );
  });

  it('gives the same bits with one thread and with three', async () => {
    const c: Case = {
      ...{batch: 2, keyHeads: 2, group: 2, queries: 150, keys: 150, size: 16, valueSize: 16},
      ...{causal: true, mask: false, bias: false, seed: 3},
    };
    await setThreads(1);
    const alone = compute(c);
    await setThreads(3);
    expect(compute(c)).toEqual(alone);
  });

  it('stays exact where scores are in the hundreds', async () => {
    tf.tidy(() => {
      const q = tf.tensor([300, 0, 0, 300], [1, 1, 2, 2]);
      const v = tf.tensor([1, 2, 3, 4], [1, 1, 2, 2]);
      const {output, logSumExp} = attention(q, q, v, {scale: 1});
      expect([...output.dataSync()]).toEqual([1, 2, 3, 4]);
      expect([...logSumExp.dataSync()]).toEqual([90000, 90000]);
    });
  });
});
