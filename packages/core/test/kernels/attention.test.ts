import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type AttentionOptions, attention} from '../../src/kernels/attention';
import {anySizes, check, randomInputs, randomMask, type Sizes} from './attention-definition';
import {normalPlain} from './gradient-check';

const small: Sizes = {batch: 1, keyHeads: 1, group: 1, queries: 3, keys: 3, size: 2, valueSize: 2};

describe('attention', () => {
  it('and its gradients are what the definition gives, for any shape and number of key heads', () => {
    fc.assert(
      fc.property(anySizes, fc.nat(), (sizes, seed) => check(randomInputs(sizes, seed))),
      {numRuns: 15},
    );
  });

  it('is causal with the queries at the end of the keys', () => {
    fc.assert(
      fc.property(anySizes, fc.nat({max: 3}), fc.nat(), (sizes, earlier, seed) =>
        check(randomInputs({...sizes, keys: sizes.queries + earlier}, seed), {causal: true}),
      ),
      {numRuns: 15},
    );
  });

  it('leaves the first queries without keys when there are more queries than keys', () => {
    check(randomInputs({...small, queries: 5, keys: 2}, 1), {causal: true, emptyRows: true});
  });

  it('adds a bias of any shape that broadcasts, and gives it its gradient', () => {
    const {batch, keyHeads, group, queries, keys} = {...small, batch: 2, keyHeads: 2, group: 2, queries: 2, keys: 3};
    const full = [batch, keyHeads * group, queries, keys];
    const shapes = [full, [1, full[1], queries, keys], [batch, 1, 1, keys], [queries, keys], [full[1], 1, 1], [1]];
    for (const shape of shapes)
      check({
        ...randomInputs({...small, batch, keyHeads, group, queries, keys}, 7),
        bias: normalPlain(shape, 7, 'bias'),
      });
  });

  it('keeps queries from what a mask of any shape rules out, whole rows included', () => {
    fc.assert(
      fc.property(
        anySizes,
        fc.constantFrom('full', 'keys', 'heads shared'),
        fc.boolean(),
        fc.nat(),
        (sizes, kind, causal, seed) => {
          const {batch, keyHeads, group, queries, keys} = sizes;
          const shapes = {
            full: [batch, keyHeads * group, queries, keys],
            keys: [batch, 1, 1, keys],
            'heads shared': [queries, keys],
          };
          check({...randomInputs(sizes, seed), mask: randomMask(shapes[kind], seed)}, {causal, emptyRows: true});
        },
      ),
      {numRuns: 20},
    );
  });

  it('gives 0, a log-sum-exp of -infinity and no gradient where nothing may be attended to', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 1, 2, 2]);
      const mask = tf.zeros([2, 2]);
      const {output, logSumExp} = attention(x, x, x, {mask});
      expect([...output.dataSync()]).toEqual([0, 0, 0, 0]);
      expect([...logSumExp.dataSync()]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      const gradients = tf.grads((q, k, v) => attention(q, k, v, {mask}).output)([x, x, x]);
      for (const gradient of gradients) expect([...gradient.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
    });
  });

  it('takes -infinity in the bias, in single places and whole rows', () => {
    const bias = normalPlain([3, 3], 2, 'bias');
    for (const place of [1, 3, 4, 5]) bias.data[place] = Number.NEGATIVE_INFINITY;
    check({...randomInputs(small, 2), bias}, {emptyRows: true});
  });

  it('holds for scores of thousands, where one key takes all', () => {
    // The gradient forms exp(score - logSumExp), and float32 resolves numbers of thousands to 2e-4.
    check(randomInputs({...small, queries: 4, keys: 5, size: 3}, 4, 50), {gradientTolerance: 2e-3});
  });

  it('holds for one query and one key, and takes its scale', () => {
    check(randomInputs({...small, queries: 1, keys: 1}, 9));
    for (const scale of [0, 0.3, -1]) check(randomInputs({...small, group: 2}, 9), {scale});
  });

  it('has gradients for what is asked alone', () => {
    tf.tidy(() => {
      const [q, k, v] = ['q', 'k', 'v'].map((name) => tf.tensor(normalPlain([1, 1, 3, 2], 3, name).data, [1, 1, 3, 2]));
      const all = tf.grads((a, b, c) => attention(a, b, c).output)([q, k, v]);
      const one = tf.grad((b) => attention(q, b, v).output)(k);
      expect([...one.dataSync()]).toEqual([...all[1].dataSync()]);
    });
  });

  it('refuses shapes that do not go together', () => {
    tf.tidy(() => {
      const refused = (queries: number[], keys: number[], values = keys, options?: AttentionOptions) =>
        expect(() => attention(tf.zeros(queries), tf.zeros(keys), tf.zeros(values), options));
      refused([1, 2, 3, 4], [1, 2, 3, 5]).toThrow(ShapeError);
      refused([1, 2, 3, 4], [1, 2, 3, 5]).toThrow(/\[1,2,3,4\].*\[1,2,3,5\]/);
      refused([1, 3, 3, 4], [1, 2, 3, 4]).toThrow(/heads/);
      refused([2, 2, 3, 4], [1, 2, 3, 4]).toThrow(ShapeError);
      refused([2, 3, 4], [2, 3, 4]).toThrow(ShapeError);
      refused([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 5, 4]).toThrow(/values \[1,2,5,4\]/);
    });
  });
});
