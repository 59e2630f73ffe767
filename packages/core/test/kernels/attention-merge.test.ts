import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {attention} from '../../src/kernels/attention';
import {mergeAttention} from '../../src/kernels/attention/merge';
import {expectClose, normalPlain} from './gradient-check';

describe('mergeAttention', () => {
  it('is attention to all keys, of that to each part of them, gradients too', () => {
    const sizes = fc.record({
      parts: fc.array(fc.integer({min: 1, max: 3}), {minLength: 1, maxLength: 3}),
      queries: fc.integer({min: 1, max: 3}),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({parts, queries, seed}) =>
        tf.tidy(() => {
          const keys = parts.reduce((a, b) => a + b, 0);
          const draw = (name: string, shape: number[]) => tf.tensor(normalPlain(shape, seed, name).data, shape);
          const inputs = [draw('q', [1, 2, queries, 3]), draw('k', [1, 2, keys, 3]), draw('v', [1, 2, keys, 2])];
          const cut = (x: tf.Tensor) =>
            parts.map((size, i) => {
              const before = parts.slice(0, i).reduce((a, b) => a + b, 0);
              return x.slice([0, 0, before, 0], [-1, -1, size, -1]);
            });
          const merged = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => {
            const [ks, vs] = [cut(k), cut(v)];
            return mergeAttention(parts.map((_, i) => attention(q, ks[i], vs[i])));
          };
          const whole = attention(inputs[0], inputs[1], inputs[2]);
          const together = merged(inputs[0], inputs[1], inputs[2]);
          expectClose(together.output.dataSync(), whole.output.dataSync(), 1e-5, 'output');
          expectClose(together.logSumExp.dataSync(), whole.logSumExp.dataSync(), 1e-5, 'log-sum-exp', 1);
          const sum = ({output, logSumExp}: ReturnType<typeof merged>) => output.sum().add(logSumExp.sum());
          const gradients = (f: typeof merged) => tf.grads((q, k, v) => sum(f(q, k, v)) as tf.Scalar)(inputs);
          const expected = gradients((q, k, v) => attention(q, k, v));
          gradients(merged).forEach((gradient, i) => {
            expectClose(gradient.dataSync(), expected[i].dataSync(), 1e-4, `gradient ${i}`, 1e-2);
          });
        }),
      ),
      {numRuns: 15},
    );
  });

  it('gives 0 to a query that finds nothing, and what one part gives where the others give nothing', () => {
    tf.tidy(() => {
      const nothing = attention(tf.ones([1, 1, 2, 1]), tf.ones([1, 1, 1, 1]), tf.ones([1, 1, 1, 1]), {
        mask: tf.tensor4d([0, 1], [1, 1, 2, 1]),
      });
      const {output, logSumExp} = mergeAttention([nothing, nothing]);
      expect([...output.dataSync()]).toEqual([0, 1]);
      expect(logSumExp.dataSync()[0]).toBe(Number.NEGATIVE_INFINITY);
      expect(logSumExp.dataSync()[1]).toBeCloseTo(1 + Math.log(2), 6);
    });
  });
});
