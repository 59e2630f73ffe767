import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {type AttentionOptions, attention} from '../../src/kernels/attention';
import {anySizes, check, randomInputs, randomMask, type Sizes} from './attention-definition';
import {normalPlain} from './gradient-check';

const small: Sizes = {batch: 1, keyHeads: 1, group: 1, queries: 3, keys: 3, size: 2, valueSize: 2};
const window = fc.integer({min: 1, max: 6});
const sinks = fc.integer({min: 0, max: 4});

describe('attention with a window', () => {
  it('and its gradients are what the definition gives, with and without sinks', () => {
    fc.assert(
      fc.property(anySizes, fc.nat({max: 4}), window, sinks, fc.nat(), (sizes, earlier, window, sinks, seed) =>
        check(randomInputs({...sizes, keys: sizes.queries + earlier}, seed), {causal: true, window, sinks}),
      ),
      {numRuns: 15},
    );
  });

  it('holds beside a mask and a bias', () => {
    const sizes = {...small, group: 2, queries: 4, keys: 6};
    check(
      {...randomInputs(sizes, 1), mask: randomMask([4, 6], 2), bias: normalPlain([2, 4, 6], 3, 'bias')},
      {causal: true, window: 3, sinks: 1, emptyRows: true},
    );
  });

  it('leaves the first queries without keys when there are more queries than keys', () => {
    check(randomInputs({...small, queries: 5, keys: 2}, 1), {causal: true, window: 2, sinks: 1, emptyRows: true});
  });

  it('of one key gives the values themselves', () => {
    tf.tidy(() => {
      const [q, k, v] = ['q', 'k', 'v'].map((name) => tf.tensor(normalPlain([1, 1, 4, 2], 5, name).data, [1, 1, 4, 2]));
      const {output} = attention(q, k, v, {causal: true, window: 1});
      expect([...output.dataSync()]).toEqual([...v.dataSync()]);
    });
  });

  it('as long as the sequence changes nothing', () => {
    tf.tidy(() => {
      const [q, k, v] = ['q', 'k', 'v'].map((name) => tf.tensor(normalPlain([1, 2, 5, 3], 6, name).data, [1, 2, 5, 3]));
      const outputs = [{}, {window: 5}, {window: 1e12, sinks: 1e12}, {window: null}].map((options) => [
        ...attention(q, k, v, {causal: true, ...options}).output.dataSync(),
      ]);
      for (const output of outputs) expect(output).toEqual(outputs[0]);
    });
  });
});

describe('attention to the first keys of a buffer', () => {
  it('and its gradients are what the definition gives', () => {
    fc.assert(
      fc.property(
        anySizes,
        fc.nat({max: 6}),
        fc.boolean(),
        fc.option(window),
        sinks,
        fc.nat(),
        (sizes, length, causal, window, sinks, seed) =>
          check(
            {...randomInputs({...sizes, keys: 6}, seed), keyLength: {shape: [], data: [length]}},
            {causal, ...(causal && window && {window, sinks}), emptyRows: true},
          ),
      ),
      {numRuns: 20},
    );
  });

  it('does not look at the rest, whatever it holds', () => {
    tf.tidy(() => {
      const tensors = ['q', 'k', 'v'].map((name) => normalPlain([1, 1, 3, 2], 8, name).data);
      const [q, k, v] = tensors.map((data) => tf.tensor(data, [1, 1, 3, 2]));
      const [roomK, roomV] = [k, v].map((x) => tf.concat([x, tf.fill([1, 1, 2, 2], Number.NaN)], 2));
      const keyLength = tf.scalar(3, 'int32');
      const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, keyLength?: tf.Tensor) => {
        const op = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, {causal: true, keyLength}).output;
        const gradients = tf
          .grads(op)([q, k, v])
          .map((x) => [...x.slice([0, 0, 0, 0], [1, 1, 3, 2]).dataSync()]);
        return [[...op(q, k, v).dataSync()], ...gradients];
      };
      expect(run(q, roomK, roomV, keyLength)).toEqual(run(q, k, v));
    });
  });

  it('takes a length beyond the buffer as the whole buffer, and one below 0 as none', () => {
    tf.tidy(() => {
      const x = tf.tensor(normalPlain([1, 1, 3, 2], 9, 'x').data, [1, 1, 3, 2]);
      const run = (length?: number) => {
        const keyLength = length === undefined ? undefined : tf.scalar(length, 'int32');
        return [...attention(x, x, x, {causal: true, keyLength}).output.dataSync()];
      };
      expect(run(7)).toEqual(run());
      expect(run(-2)).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });
});

describe('options of attention', () => {
  it('are refused where they make no sense, by name', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 1, 2, 2]);
      const refused = (options: AttentionOptions) => expect(() => attention(x, x, x, options));
      for (const window of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
        refused({causal: true, window}).toThrow(ConfigError);
      refused({causal: true, window: 0}).toThrow(/window is 0, but must be a whole number of at least 1/);
      refused({window: 4}).toThrow(/window is 4, but needs causal/);
      refused({causal: true, window: 2, sinks: -1}).toThrow(/sinks is -1, but must be a whole number/);
      refused({causal: true, sinks: 2}).toThrow(/sinks is 2, but needs a window/);
      refused({keyLength: tf.scalar(1)}).toThrow(ShapeError);
      refused({keyLength: tf.scalar(1)}).toThrow(/keyLength is float32 \[\]/);
      refused({keyLength: tf.tensor1d([1], 'int32')}).toThrow(/keyLength is int32 \[1\]/);
    });
  });
});
