import * as tf from '@tensorflow/tfjs';
import {ConfigError, checkpointFiles, Random} from '@variants/core';
import {conformance} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {DistilledHyena, type DistilledHyenaOptions, distil, fromPretrained, hyena, ops} from '../src';
import {fitModes, response} from '../src/distillation/least-squares';

const small: DistilledHyenaOptions = {
  vocabSize: 11,
  hiddenSize: 8,
  numLayers: 2,
  intermediateSize: 12,
  maxSequenceLength: 80,
};

/** |a - b| / |b| of the largest values. */
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().div(b.abs().max()).dataSync()[0]);

describe('fitModes', () => {
  it('finds a sum of few exponentials, real or complex, growing ones too', () => {
    const exponentials = fc.array(
      fc.record({
        modulus: fc.double({min: 0.3, max: 1.005, noNaN: true}),
        angle: fc.constantFrom(0, 0.3, 1, 2.5),
        amplitude: fc.double({min: 0.5, max: 2, noNaN: true}),
      }),
      {minLength: 1, maxLength: 3},
    );
    fc.assert(
      fc.property(exponentials, fc.constantFrom(20, 100, 333), (terms, length) => {
        const h = Float64Array.from({length}, (_, i) =>
          terms.reduce((sum, {modulus, angle, amplitude}) => sum + amplitude * modulus ** i * Math.cos(angle * i), 0),
        );
        const fitted = response(fitModes(h, 8), length);
        const largest = Math.max(...h.map(Math.abs));
        for (let i = 0; i < length; i++) expect(Math.abs(fitted[i] - h[i])).toBeLessThan(2e-4 * largest);
      }),
      {numRuns: 30},
    );
  });

  it('takes any length, and any sequence: what it gives is never worse than nothing', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 40}), fc.constantFrom(2, 4, 6), fc.nat(), (length, order, seed) => {
        const random = new Random(seed, 'taps');
        const h = Float64Array.from({length}, () => random.normal());
        const fitted = response(fitModes(h, order), length);
        const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
        expect(squares(h.map((value, i) => value - fitted[i]))).toBeLessThanOrEqual(squares(h) * (1 + 1e-12));
      }),
      {numRuns: 40},
    );
    expect([...response(fitModes(new Float64Array(30), 4), 30)]).toEqual(new Array(30).fill(0));
  });
});

describe('modalConvolution', () => {
  const order = 4;
  const shapes = fc.record({
    batch: fc.integer({min: 1, max: 2}),
    time: fc.constantFrom(1, 2, 7, 64, 65, 130),
    width: fc.integer({min: 1, max: 3}),
    pieces: fc.array(fc.integer({min: 1, max: 70}), {minLength: 1, maxLength: 3}),
    seed: fc.nat(),
  });
  const draw = (shape: number[], seed: number, name: string, scale = 1) => {
    const random = new Random(seed, name);
    const values = Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => scale * random.normal());
    return tf.tensor(values, shape);
  };
  const filterOf = (width: number, seed: number) => ({
    diagonal: draw([order, width], seed, 'a', 0.3),
    across: draw([order, width], seed, 'b', 0.3),
    input: draw([order, width], seed, 'g'),
    output: draw([order, width], seed, 'c'),
    direct: draw([width], seed, 'd'),
  });

  it('is the convolution with the response of its modes, whole or in any pieces', () => {
    fc.assert(
      fc.property(shapes, ({batch, time, width, pieces, seed}) => {
        tf.tidy(() => {
          const v = draw([batch, time, width], seed, 'v');
          const filter = filterOf(width, seed);
          const [a, b, g, c] = [filter.diagonal, filter.across, filter.input, filter.output].map(
            (part) => part.transpose().arraySync() as number[][],
          );
          const channels = a.map((_, w) => {
            const modes = {diagonal: a[w], across: b[w], input: g[w], output: c[w]};
            const asFloats = Object.fromEntries(
              Object.entries(modes).map(([name, values]) => [name, Float32Array.from(values)]),
            );
            return [...response(asFloats as unknown as Parameters<typeof response>[0], time - 1)];
          });
          const taps = [
            filter.direct.dataSync(),
            ...Array.from({length: time - 1}, (_, j) => channels.map((h) => h[j])),
          ];
          const V = v.arraySync() as number[][][];
          const expected = tf.tensor(
            V.map((row) =>
              row.map((_, t) =>
                Array.from({length: width}, (_, w) => {
                  let sum = 0;
                  for (let s = 0; s <= t; s++) sum += taps[t - s][w] * row[s][w];
                  return sum;
                }),
              ),
            ),
          );
          expect(distance(ops.modalConvolution(v, filter, null).output, expected)).toBeLessThan(1e-5);

          let state: tf.Tensor | null = null;
          const outputs: tf.Tensor[] = [];
          for (let start = 0, i = 0; start < time; i++) {
            const count = Math.min(pieces[i % pieces.length], time - start);
            const step = ops.modalConvolution(v.slice([0, start, 0], [-1, count, -1]), filter, state);
            outputs.push(step.output);
            state = step.state;
            start += count;
          }
          expect(distance(tf.concat(outputs, 1), expected)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 20},
    );
  });
});

describe('distil', () => {
  const tokens = [Array.from({length: 70}, (_, i) => (i * 7) % 11)];

  it('gives a model as close as its errors say, better with a higher order', async () => {
    for (const extra of [{}, {order: 3, attentionLayers: [1], numLayers: 3}, {numHeads: 2, useSkip: false}]) {
      const model = hyena({...small, ...extra});
      const [low, high] = [await distil(model, {order: 4}), await distil(model, {order: 24})];
      expect(high.errors.map(({layer}) => layer)).toEqual('attentionLayers' in extra ? [0, 2] : [0, 1]);
      high.errors.forEach(({relativeError, worstChannel}, i) => {
        expect(relativeError).toBeLessThan(0.02);
        expect(relativeError).toBeLessThan(low.errors[i].relativeError);
        expect(worstChannel).toBeGreaterThanOrEqual(relativeError);
      });
      const [exact, approximate] = [model.logits(tokens), high.model.logits(tokens)];
      const most = Math.max(...high.errors.map(({relativeError}) => relativeError));
      expect(distance(approximate, exact)).toBeLessThan(10 * most);
      tf.dispose([exact, approximate]);
      for (const each of [model, low.model, high.model]) each.dispose();
    }
  });

  it('has streams of a constant size', async () => {
    const model = hyena(small);
    const {model: distilled} = await distil(model, {order: 4});
    model.dispose();
    const first = distilled.stream([1]);
    const {bytes} = first.state;
    const second = distilled.stream(tokens, first.state);
    expect(second.state.bytes).toBe(bytes);
    // Of each layer a short convolution's 2 rows of 24 and 4 numbers for each of 8 channels, and what the head takes.
    expect(bytes).toBe(4 * (2 * (2 * 24 + 4 * 8) + 8));
    second.state.dispose();
    tf.dispose([first.logits, second.logits]);
    distilled.dispose();
  });

  it('can be saved and loaded', async () => {
    const model = hyena(small);
    const {model: distilled} = await distil(model, {order: 4});
    const files = await checkpointFiles(distilled);
    const loaded = await fromPretrained<DistilledHyena>({
      config: JSON.parse(files['config.json']),
      weights: files['model.safetensors'],
    });
    expect(loaded).toBeInstanceOf(DistilledHyena);
    const [expected, actual] = [distilled.logits(tokens), loaded.logits(tokens)];
    expect(actual.dataSync()).toEqual(expected.dataSync());
    tf.dispose([expected, actual]);
    for (const each of [model, distilled, loaded]) each.dispose();
  });

  it('refuses an odd order, and leaves nothing behind', async () => {
    const model = hyena(small);
    await expect(distil(model, {order: 3})).rejects.toThrow(ConfigError);
    model.dispose();
  });
});

conformance({
  name: 'distilled hyena',
  create: (overrides) => new DistilledHyena({...small, stateSize: 4, ...overrides}),
  fromPretrained: (source) => fromPretrained<DistilledHyena>(source),
  invalid: [[{stateSize: 3}, /stateSize is 3, but must be an even number of at least 2/]],
});
