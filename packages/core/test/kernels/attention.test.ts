import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type AttentionOptions, attention} from '../../src/kernels/attention';
import {Random} from '../../src/random';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

interface Sizes {
  batch: number;
  keyHeads: number;
  group: number;
  queries: number;
  keys: number;
  size: number;
  valueSize: number;
}

type Inputs = {queries: Plain; keys: Plain; values: Plain; mask?: Plain; bias?: Plain};

function randomInputs(sizes: Sizes, seed: number, scale = 1): Inputs {
  const {batch, keyHeads, group, queries, keys, size, valueSize} = sizes;
  return {
    queries: normalPlain([batch, keyHeads * group, queries, size], seed, 'queries', scale),
    keys: normalPlain([batch, keyHeads, keys, size], seed, 'keys', scale),
    values: normalPlain([batch, keyHeads, keys, valueSize], seed, 'values'),
  };
}

function randomMask(shape: number[], seed: number): Plain {
  const random = new Random(seed, 'mask');
  return {shape, data: Array.from({length: shape.reduce((a, b) => a * b, 1)}, () => Number(random.chance(0.6)))};
}

/** The value at a place of [batch, heads, queries, keys] of a tensor that broadcasts there. */
function broadcastValue({shape, data}: Plain, place: number[]): number {
  const ownPlace = place.slice(place.length - shape.length);
  return data[shape.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : ownPlace[axis]), 0)];
}

/** Softmax attention one query at a time; output and log-sum-exp. */
function definition({queries, keys, values, mask, bias}: Inputs, scale: number, causal: boolean): number[][] {
  const [batch, heads, numQueries, size] = queries.shape;
  const [, keyHeads, numKeys] = keys.shape;
  const valueSize = values.shape[3];
  const output: number[] = [];
  const logSumExp: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < numQueries; i++) {
        const keyHead = b * keyHeads + Math.floor(h / (heads / keyHeads));
        const scores = Array.from({length: numKeys}, (_, j) => {
          if (causal && j > i + numKeys - numQueries) return Number.NEGATIVE_INFINITY;
          if (mask && broadcastValue(mask, [b, h, i, j]) === 0) return Number.NEGATIVE_INFINITY;
          let product = 0;
          for (let d = 0; d < size; d++)
            product +=
              queries.data[((b * heads + h) * numQueries + i) * size + d] *
              keys.data[(keyHead * numKeys + j) * size + d];
          return product * scale + (bias ? broadcastValue(bias, [b, h, i, j]) : 0);
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => (largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(score - largest)));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        logSumExp.push(largest + Math.log(total));
        for (let d = 0; d < valueSize; d++) {
          const sum = weights.reduce(
            (sum, weight, j) => sum + weight * values.data[(keyHead * numKeys + j) * valueSize + d],
            0,
          );
          output.push(total === 0 ? 0 : sum / total);
        }
      }
  return [output, logSumExp];
}

/** Attention as the formula has it, of tfjs's own softmax and log-sum-exp, which cannot do rows without keys. */
function composed({queries, keys, values, bias}: {[name: string]: tf.Tensor}, scale: number, causal: boolean) {
  const [numHeads, numKeyHeads] = [queries, keys].map((x) => x.shape[1] as number);
  const keyHeads = tf
    .range(0, numHeads)
    .div(numHeads / numKeyHeads)
    .floor()
    .toInt();
  const [k, v] = [keys, values].map((x) => tf.gather(x, keyHeads, 1));
  let scores = tf.matMul(queries, k, false, true).mul(scale);
  if (bias) scores = scores.add(bias);
  if (causal) {
    const [numQueries, numKeys] = scores.shape.slice(2) as number[];
    const ahead = tf.range(0, numKeys).sub(tf.range(0, numQueries).expandDims(1));
    scores = tf.where(ahead.greater(numKeys - numQueries).broadcastTo(scores.shape), Number.NEGATIVE_INFINITY, scores);
  }
  return [tf.matMul(tf.softmax(scores), v), tf.logSumExp(scores, -1)];
}

interface Check {
  scale?: number;
  causal?: boolean;
  /** Some rows attend to nothing: tfjs's own gradient of the reference is NaN there. */
  emptyRows?: boolean;
  gradientTolerance?: number;
}

function check(inputs: Inputs, {scale, causal = false, emptyRows = false, gradientTolerance}: Check = {}) {
  const fullScale = scale ?? inputs.queries.shape[3] ** -0.5;
  checkKernel({
    inputs: {...inputs},
    fixed: ['mask'],
    op: ({queries, keys, values, mask, bias}) => {
      const outputs = attention(queries, keys, values, {scale, causal, mask, bias});
      return [outputs.output, outputs.logSumExp];
    },
    reference: emptyRows ? undefined : (tensors) => composed(tensors, fullScale, causal),
    definition: (plain) => definition(plain as Inputs, fullScale, causal),
    gradientTolerance,
  });
}

const size = fc.integer({min: 1, max: 3});
const anySizes = fc.record<Sizes>({
  batch: size,
  keyHeads: size,
  group: fc.integer({min: 1, max: 2}),
  queries: fc.integer({min: 1, max: 4}),
  keys: fc.integer({min: 1, max: 5}),
  size,
  valueSize: size,
});
const small: Sizes = {batch: 1, keyHeads: 1, group: 1, queries: 3, keys: 3, size: 2, valueSize: 2};

describe('attention', () => {
  it('and its gradients are what the definition gives, for any shape and number of key heads', () => {
    fc.assert(
      fc.property(anySizes, fc.integer(), (sizes, seed) => check(randomInputs(sizes, seed))),
      {numRuns: 15},
    );
  });

  it('is causal with the queries at the end of the keys', () => {
    fc.assert(
      fc.property(anySizes, fc.nat({max: 3}), fc.integer(), (sizes, earlier, seed) =>
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
        fc.integer(),
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
