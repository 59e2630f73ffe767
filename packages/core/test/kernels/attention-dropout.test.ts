import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {attention} from '../../src/kernels/attention';
import {expectClose, normalPlain} from './gradient-check';

const random = (shape: number[], name: string) => tf.tensor(normalPlain(shape, 0, name).data, shape);

/** Queries, keys and values, a mask in which one row is empty, and a bias. */
function exampleInputs() {
  return {
    queries: random([2, 4, 3, 2], 'queries'),
    keys: random([2, 2, 5, 2], 'keys'),
    values: random([2, 2, 5, 3], 'values'),
    bias: random([4, 3, 5], 'bias'),
    mask: tf.tensor2d([
      [1, 0, 1, 1, 1],
      [0, 0, 0, 0, 0],
      [1, 1, 0, 1, 1],
    ]),
  };
}

describe('attention with dropout', () => {
  it('that drops nothing gives what attention gives, with its gradients, also where a query sees nothing', () => {
    tf.tidy(() => {
      const {queries, keys, values, bias, mask} = exampleInputs();
      const run = (dropout?: (P: tf.Tensor) => tf.Tensor) => {
        const output = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, b: tf.Tensor) =>
          attention(q, k, v, {causal: true, mask, bias: b, dropout}).output;
        const probe = random([2, 4, 3, 3], 'probe');
        const gradients = tf.grads((q, k, v, b) => output(q, k, v, b).mul(probe).sum());
        return [output(queries, keys, values, bias), ...gradients([queries, keys, values, bias])];
      };
      const plain = run();
      run((P) => P).forEach((tensor, i) => {
        expect(tensor.shape).toEqual(plain[i].shape);
        expectClose(tensor.dataSync(), plain[i].dataSync(), 1e-5, `result ${i}`);
      });
    });
  });

  it('sees the probabilities [batch, heads, queries, keys] and weighs the values with what it makes of them', () => {
    tf.tidy(() => {
      const {queries, keys, values, mask} = exampleInputs();
      let sums: ArrayLike<number> = [];
      const onlyFirst = (P: tf.Tensor) => {
        expect(P.shape).toEqual([2, 4, 3, 5]);
        sums = P.sum(-1).dataSync();
        return tf.oneHot(tf.zeros(P.shape.slice(0, 3), 'int32'), 5).toFloat();
      };
      const {output, logSumExp} = attention(queries, keys, values, {mask, dropout: onlyFirst});
      expectClose(sums, Array.from({length: 8}, () => [1, 0, 1]).flat(), 1e-6, 'sums of the probabilities');
      const firstValues = values.slice([0, 0, 0, 0], [-1, -1, 1, -1]);
      const expected = tf.tile(firstValues, [1, 1, 6, 1]).reshape([2, 4, 3, 3]);
      expectClose(output.dataSync(), expected.dataSync(), 1e-6, 'output');
      const unchanged = attention(queries, keys, values, {mask});
      expectClose(logSumExp.dataSync(), unchanged.logSumExp.dataSync(), 1e-6, 'log-sum-exp');
    });
  });
});
