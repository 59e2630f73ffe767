import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {chunkedAttention, chunkedAttentionWeights} from '../../src/kernels/chunked-attention';
import {type ChunkedCase, chunkedCases, optionsOf, ordersAndMask, timeOf} from './chunked-attention-cases';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};
type Tensors = {[name: string]: tf.Tensor};

/** Query by query in double precision: the list of keys that each meets, as often as it meets them. */
function definition(given: ChunkedCase) {
  const {batch, heads, chunkLength: c, size, valueSize, before, after, causal, selfScore, sorted, masked} = given;
  const [time, rounds] = [timeOf(given), sorted ? given.rounds : 1];
  const {order, mask} = ordersAndMask(given);
  const chunks = (rounds * time) / c;
  const positionOf = (row: number, entry: number) => (sorted ? order[row * rounds * time + entry] : entry);
  return ({queries, keys, values}: Plains): number[][] => {
    const output: number[] = [];
    for (let row = 0; row < batch * heads; row++) {
      const vector = ({data}: Plain, position: number, width: number) =>
        data.slice((row * time + position) * width, (row * time + position + 1) * width);
      const met: [score: number, key: number][][] = Array.from({length: time}, () => []);
      for (let entry = 0; entry < rounds * time; entry++) {
        const i = positionOf(row, entry);
        for (let offset = -before; offset <= after; offset++)
          for (let k = 0; k < c; k++) {
            const chunk = (((Math.floor(entry / c) + offset) % chunks) + chunks) % chunks;
            const j = positionOf(row, chunk * c + k);
            const product = vector(queries, i, size).reduce((sum, x, n) => sum + x * vector(keys, j, size)[n], 0);
            const isHidden = (masked && mask[Math.floor(row / heads) * time + j] === 0) || (causal && j > i);
            met[i].push([j === i && selfScore !== null ? selfScore : isHidden ? -1e9 : product, j]);
          }
      }
      for (const list of met) {
        const top = Math.max(...list.map(([score]) => score));
        const total = list.reduce((sum, [score]) => sum + Math.exp(score - top), 0);
        for (let n = 0; n < valueSize; n++)
          output.push(
            list.reduce(
              (sum, [score, j]) => sum + (Math.exp(score - top) / total) * vector(values, j, valueSize)[n],
              0,
            ),
          );
      }
    }
    return [output];
  };
}

function check(given: ChunkedCase): void {
  const {batch, heads, size, valueSize, seed} = given;
  const draw = (name: string, width: number) => normalPlain([batch, heads, timeOf(given), width], seed, name);
  const options = optionsOf(given);
  const {order, mask} = options;
  // Without the reference: tfjs's own gradient of a gather over two axes of a batch is wrong.
  checkKernel({
    inputs: {queries: draw('queries', size), keys: draw('keys', size), values: draw('values', valueSize)},
    op: ({queries, keys, values}: Tensors) => [chunkedAttention(queries, keys, values, options).output],
    definition: definition(given),
    least: {output: 0.1, gradient: 0.1},
  });
  tf.dispose([order, mask].filter((tensor) => tensor !== undefined));
}

describe('chunkedAttention', () => {
  it('and its gradient are what the definition gives, with keys met several times and with none to be seen', () => {
    fc.assert(fc.property(chunkedCases({maxChunk: 3, maxSize: 3}), check), {numRuns: 30});
  });

  it('takes its own value where a query sees itself alone, in however many rounds', () => {
    tf.tidy(() => {
      const [x, values] = [1, 2].map((seed) => tf.randomNormal([1, 1, 4, 2], 0, 1, 'float32', seed));
      const order = tf.tensor([0, 1, 2, 3, 3, 2, 1, 0], [1, 1, 2, 4], 'int32');
      const {output, largest} = chunkedAttention(x, x, values, {chunkLength: 2, causal: true, selfScore: -1e5, order});
      expect(largest.dataSync()[0]).toBe(-1e5);
      const first = (tensor: tf.Tensor) => [...tensor.dataSync().slice(0, 2)];
      expect(first(output)).toEqual(first(values));
    });
  });

  it('shows the weights of each sorted entry', () => {
    tf.tidy(() => {
      const x = tf.randomNormal([1, 2, 6, 2], 0, 1, 'float32', 3);
      const {weights, largest, total} = chunkedAttentionWeights(x, x, {chunkLength: 2, after: 1});
      expect(weights.shape).toEqual([1, 2, 3, 2, 6]);
      expect([largest.shape, total.shape]).toEqual([
        [1, 2, 6],
        [1, 2, 6],
      ]);
      for (const sum of weights.sum(-1).dataSync()) expect(sum).toBeCloseTo(1, 5);
      const {output} = chunkedAttention(x, x, x, {chunkLength: 6, before: 0});
      const whole = tf.matMul(chunkedAttentionWeights(x, x, {chunkLength: 6, before: 0}).weights.squeeze([2]), x);
      expect(output.sub(whole).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    });
  });

  it('refuses what does not go together', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 6, 2]);
      const attempt =
        (options: object, values = x) =>
        () =>
          chunkedAttention(x, x, values, {chunkLength: 2, ...options});
      expect(attempt({chunkLength: 4})).toThrow(/chunkLength is 4, but must divide the 6 positions/);
      expect(attempt({chunkLength: 0})).toThrow(ConfigError);
      expect(attempt({before: -1})).toThrow(/before is -1, but must be a whole number of at least 0/);
      expect(attempt({order: tf.zeros([1, 2, 1, 6])})).toThrow(/order is float32 .* must be int32 \[1, 2, rounds, 6\]/);
      expect(attempt({mask: tf.zeros([2, 6])})).toThrow(/mask is \[2,6\], but must be \[1, 6\]/);
      expect(attempt({}, tf.zeros([1, 2, 5, 2]))).toThrow(ShapeError);
      expect(attempt({window: 3})).toThrow(/unknown option window/);
    });
  });
});
