import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {attention} from '../../src/kernels/attention';
import {withSinkLogit} from '../../src/kernels/attention/sink-logit';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

const [heads, queries, size] = [2, 3, 2];

/** Attention without a mask to keys of which one more has the logit and no value, in double precision. */
function definition({q, k, v, s}: {[name: string]: Plain}): number[][] {
  const rowOf = ({data}: Plain, h: number, i: number) =>
    data.slice((h * queries + i) * size, (h * queries + i + 1) * size);
  const output: number[] = [];
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < queries; i++) {
      const scores = Array.from({length: queries}, (_, j) => {
        const key = rowOf(k, h, j);
        return rowOf(q, h, i).reduce((sum, x, f) => sum + x * key[f], 0) * size ** -0.5;
      });
      const logit = s.data[s.data.length === 1 ? 0 : h];
      const largest = Math.max(logit, ...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((a, b) => a + b, Math.exp(logit - largest));
      for (let f = 0; f < size; f++)
        output.push(weights.reduce((sum, weight, j) => sum + (weight / total) * rowOf(v, h, j)[f], 0));
    }
  return [output];
}

describe('withSinkLogit', () => {
  it.each([
    ['one per head', [heads], 1],
    ['one for all', [], 1],
    ['far above all scores', [heads], 20],
  ])('takes its share from every row: %s', (_, shape, scale) => {
    const draw = (name: string) => normalPlain([1, heads, queries, size], 3, name);
    checkKernel({
      inputs: {q: draw('q'), k: draw('k'), v: draw('v'), s: normalPlain(shape, 3, 's', scale)},
      op: ({q, k, v, s}) => [withSinkLogit(attention(q, k, v), s)],
      definition,
      least: {gradient: 1e-2},
    });
  });

  it('overflows at no score, and gives 0 to a query that finds nothing', () => {
    tf.tidy(() => {
      const [q, v] = [tf.tensor4d([100, -100, 1], [1, 1, 3, 1]), tf.ones([1, 1, 1, 1])];
      const found = attention(q, v.mul(100), v, {mask: tf.tensor4d([1, 1, 0], [1, 1, 3, 1])});
      expect([...withSinkLogit(found, tf.scalar(0)).dataSync()]).toEqual([1, 0, 0]);
    });
  });
});
