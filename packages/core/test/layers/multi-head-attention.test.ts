import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {inference} from '../../src/layers/layer';
import {MultiHeadAttention, type MultiHeadAttentionConfig} from '../../src/layers/multi-head-attention';
import {Random} from '../../src/random';
import {expectClose, normalPlain, type Plain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, drawWeights, toTensor} from './layer-check';
import {linear, rows, turned, type Weights} from './self-attention-definition';

/** How a sequence attends to another. */
interface Attending {
  config: MultiHeadAttentionConfig;
  weights: Weights;
  /** [batch, keys], 1 = may be attended to. */
  mask?: number[][];
  /** [queries, keys], added to the scores. */
  bias?: number[][];
}

/** The output and the attention weights [heads][queries][keys] of one row of a batch, a head and a query at a time. */
function definition(x: number[][], keys: number[][], values: number[][], row: number, attending: Attending) {
  const {config, weights, mask, bias} = attending;
  const {numHeads, numKeyValueHeads = numHeads, headSize = x[0].length / numHeads, valueHeadSize = headSize} = config;
  const {scale = headSize ** -0.5} = config;
  const group = numHeads / numKeyValueHeads;
  const inHeads = (position: number[], name: string, size: number) => {
    const full = linear(position, weights, name);
    return Array.from({length: full.length / size}, (_, h) => full.slice(h * size, (h + 1) * size));
  };
  const turn = (heads: number[][], n: number) => heads.map((head) => turned(head, n, config));
  const q = x.map((position, n) => turn(inHeads(position, 'queries', headSize), n));
  const k = keys.map((position, n) => turn(inHeads(position, 'keys', headSize), n));
  const unturned = values.map((position) => inHeads(position, 'values', valueHeadSize));
  const v = config.rotary?.values ? unturned.map(turn) : unturned;
  const shares = Array.from({length: numHeads}, (_, h) =>
    q.map((query, i) => {
      const exponentials = k.map((key, j) => {
        const score = scale * query[h].reduce((sum, value, d) => sum + value * key[Math.floor(h / group)][d], 0);
        return mask?.[row][j] === 0 ? 0 : Math.exp(score + (bias?.[i][j] ?? 0));
      });
      const total = exponentials.reduce((a, b) => a + b, 0);
      return exponentials.map((share) => (total === 0 ? 0 : share / total));
    }),
  );
  const output = q.map((_, i) => {
    const found = shares.flatMap((ofHead, h) =>
      Array.from({length: valueHeadSize}, (_, d) =>
        ofHead[i].reduce((sum, share, j) => sum + share * v[j][Math.floor(h / group)][d], 0),
      ),
    );
    return linear(found, weights, 'output');
  });
  return {output, shares};
}

/** A built layer with random weights, for inputs of these widths. */
function attentionOf(config: MultiHeadAttentionConfig, widths: readonly number[], seed = 0) {
  const layer = new MultiHeadAttention({name: 'attention', ...config});
  build(layer, ...widths.map((width) => [null, null, width]));
  return {layer, weights: drawWeights(layer, seed)};
}

const rotary = (size: number) => ({frequencies: rotaryFrequencies(size)});

const sizes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  queries: fc.integer({min: 1, max: 4}),
  keys: fc.integer({min: 1, max: 5}),
  config: fc.constantFrom<MultiHeadAttentionConfig>(
    {numHeads: 1},
    {numHeads: 2, useBias: false},
    {numHeads: 3, useBias: false, useOutputBias: true, scale: 0.4},
    {numHeads: 6, numKeyValueHeads: 2},
    {numHeads: 2, numKeyValueHeads: 1, headSize: 5, valueHeadSize: 2},
    {numHeads: 3, rotary: rotary(2)},
    {numHeads: 2, headSize: 4, rotary: {...rotary(4), pairing: 'halves', values: true}},
  ),
  widths: fc.constantFrom([6, 6, 6], [6, 4, 5], [6, 3, 6]),
  seed: fc.nat(),
});

describe('MultiHeadAttention', () => {
  it('is its definition, with masks of keys, added masks and own widths', () => {
    fc.assert(
      fc.property(sizes, ({batch, queries, keys, config, widths, seed}) => {
        const {layer, weights} = attentionOf(config, widths, seed);
        const random = new Random(seed, 'masks');
        const mask = Array.from({length: batch}, () => Array.from({length: keys}, () => Number(random.chance(0.6))));
        const bias = Array.from({length: queries}, () =>
          Array.from({length: keys}, () => (random.chance(0.2) ? Number.NEGATIVE_INFINITY : random.normal())),
        );
        const [x, keySource, valueSource] = [queries, keys, keys].map((time, i) =>
          normalPlain([batch, time, widths[i]], seed, `input ${i}`),
        );
        const expected = rows(x).map((row, b) => {
          const attending = {config, weights, mask, bias};
          return definition(row, rows(keySource)[b], rows(valueSource)[b], b, attending);
        });
        tf.tidy(() => {
          const options = {...inference, attentionMask: tf.tensor2d(mask), bias: tf.tensor2d(bias)};
          const memory = layer.keysAndValues(toTensor(keySource), toTensor(valueSource));
          const output = layer.attend(toTensor(x), memory, options);
          expect(output.shape).toEqual(x.shape);
          const all = expected.flatMap((row) => row.output.flat());
          expectClose(output.dataSync(), all, 1e-5, 'output', 1);
          const shares = layer.attentionWeights(toTensor(x), memory.keys, options);
          expect(shares.shape).toEqual([batch, config.numHeads, queries, keys]);
          const allShares = expected.flatMap((row) => row.shares.flat(2));
          expectClose(shares.dataSync(), allShares, 1e-5, 'attention weights', 1);
          const inputs = [x, keySource, valueSource].map(toTensor);
          expect((layer.apply(inputs, options as object) as tf.Tensor).dataSync()).toEqual(output.dataSync());
        });
        layer.dispose();
      }),
      {numRuns: 24},
    );
  });

  it('attends to itself where it is given one sequence, to one source for keys and values where given two', () => {
    const {layer} = attentionOf({numHeads: 2}, [6]);
    const [x, source] = [3, 4].map((time) => normalPlain([2, time, 6], 1, `sequence of ${time}`));
    tf.tidy(() => {
      const whole = (inputs: Plain[]) => (layer.apply(inputs.map(toTensor)) as tf.Tensor).dataSync();
      expect(apply(layer, x).data).toEqual(Array.from(whole([x, x, x])));
      expect(layer.forward(toTensor(x), inference).dataSync()).toEqual(whole([x, x, x]));
      expect(whole([x, source])).toEqual(whole([x, source, source]));
    });
    layer.dispose();
  });

  it('gives a query without any key the bias of the output alone, and no gradient', () => {
    const {layer, weights} = attentionOf({numHeads: 2}, [6]);
    const x = normalPlain([1, 3, 6], 0, 'x');
    tf.tidy(() => {
      const options = {...inference, attentionMask: tf.zeros([1, 3])};
      const rowsOfOutput = (layer.forward(toTensor(x), options).arraySync() as number[][][])[0];
      for (const row of rowsOfOutput) expectClose(row, weights['output/bias'].data, 1e-6, 'output');
      const gradient = tf.grad((input) => layer.forward(input, options).sum())(toTensor(x));
      expect(gradient.abs().max().dataSync()[0]).toBe(0);
    });
    layer.dispose();
  });

  it('draws dropout in training alone, from the generator that it is given', () => {
    const layer = new MultiHeadAttention({numHeads: 2, dropout: 0.5});
    buildWithRandomWeights(layer, [null, null, 6]);
    tf.tidy(() => {
      const x = toTensor(normalPlain([1, 4, 6], 0, 'x'));
      const plain = layer.forward(x, inference).dataSync();
      const drawn = (seed: number) => layer.forward(x, {training: true, random: new Random(seed)}).dataSync();
      expect(drawn(1)).toEqual(drawn(1));
      expect(drawn(1)).not.toEqual(drawn(2));
      expect(drawn(1)).not.toEqual(plain);
    });
    layer.dispose();
  });

  it('begins with weights in the bounds of torch: those of one matrix where widths are equal', () => {
    const bounds = (widths: number[]) => {
      const layer = build(new MultiHeadAttention({numHeads: 2}), ...widths.map((width) => [null, null, width]));
      const largest = layer.weights.map((weight): [string, number] => [
        weight.originalName.slice(layer.name.length + 1),
        tf.tidy(() => weight.read().abs().max().dataSync()[0]),
      ]);
      layer.dispose();
      return Object.fromEntries(largest);
    };
    const expectNear = (value: number, bound: number) => {
      expect(value).toBeLessThanOrEqual(bound);
      expect(value).toBeGreaterThan(0.9 * bound);
    };
    const equal = bounds([24, 24, 24]);
    for (const name of ['queries', 'keys', 'values']) expectNear(equal[`${name}/kernel`], Math.sqrt(6 / (4 * 24)));
    expectNear(equal['output/kernel'], Math.sqrt(6 / (2 * 24)));
    for (const name of ['queries', 'keys', 'values', 'output']) expect(equal[`${name}/bias`]).toBe(0);
    expectNear(bounds([24, 20, 24])['keys/kernel'], Math.sqrt(6 / (20 + 24)));
  });

  it('trains inside a tf.sequential, which saves and loads it', async () => {
    const x = toTensor(normalPlain([2, 4, 6], 0, 'x'));
    // The biases of keys never have an effect beyond rounding.
    await checkInSequential([new MultiHeadAttention({numHeads: 2, useBias: false})], x);
  });

  it('turns queries and keys by their positions, so that what lies as far apart finds as much', () => {
    const {layer} = attentionOf({numHeads: 2, headSize: 4, rotary: rotary(4)}, [6]);
    tf.tidy(() => {
      const same = tf.tile(toTensor(normalPlain([1, 1, 6], 0, 'x')), [1, 4, 1]);
      const {keys} = layer.keysAndValues(same);
      const scores = layer.attentionWeights(same, keys, inference).log().slice([0, 0], [1, 1]).reshape([4, 4]);
      const values = scores.arraySync() as number[][];
      expect(values[2][1] - values[2][2]).toBeCloseTo(values[1][0] - values[1][1], 4);
      expect(Math.abs(values[2][1] - values[2][2])).toBeGreaterThan(1e-3);
    });
    layer.dispose();
  });

  it('refuses heads that do not divide the width, and a mask of another shape', () => {
    expect(() => build(new MultiHeadAttention({name: 'attention', numHeads: 4}), [null, null, 6])).toThrow(
      new ConfigError('attention: numHeads is 4, but must divide the width 6'),
    );
    const grouped = new MultiHeadAttention({name: 'attention', numHeads: 3, numKeyValueHeads: 2});
    expect(() => build(grouped, [null, null, 6])).toThrow(
      new ConfigError('attention: numHeads is 3, but must be a multiple of numKeyValueHeads 2'),
    );
    const {layer} = attentionOf({numHeads: 2}, [6]);
    tf.tidy(() => {
      const options = {...inference, attentionMask: tf.ones([2, 3])};
      expect(() => layer.forward(tf.zeros([2, 4, 6]), options)).toThrow(
        new ShapeError('attention: attentionMask [2,3] must have the shape [batch, time] of the keys, [2,4]'),
      );
    });
    layer.dispose();
  });
});
