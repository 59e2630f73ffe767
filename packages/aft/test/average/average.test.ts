import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {aftConv, aftConv2d} from '../../src/conv-ops';
import {aftFull, aftLocal} from '../../src/ops';
import {drawn} from '../drawn';

/** The definition with a bias for each pair of positions and each channel, [time, time, channels], all at once. */
function dense(keys: tf.Tensor, values: tf.Tensor, bias: tf.Tensor, causal: boolean): tf.Tensor {
  const [, time, channels] = values.shape as number[];
  const perKey = channels / (keys.shape[2] as number);
  const spread = (x: tf.Tensor, axis: number) =>
    x.expandDims(axis + 1).tile(new Array(x.rank + 1).fill(1).with(axis + 1, perKey));
  const k = spread(keys, 2).reshape(values.shape);
  const hidden = maskOf(time, (t, u) => causal && u > t).mul(-1e9);
  const scores = k.expandDims(1).add(bias).add(hidden);
  const weights = tf.softmax(scores.transpose([0, 1, 3, 2])).transpose([0, 1, 3, 2]);
  return weights.mul(values.expandDims(1)).sum(2);
}

/** A mask [time, time, 1] as a tensor. */
const maskOf = (time: number, isInside: (t: number, u: number) => boolean) =>
  tf.tensor(
    Array.from({length: time * time}, (_, i) => (isInside(Math.floor(i / time), i % time) ? 1 : 0)),
    [time, time, 1],
  );

/** Biases [time, time, heads] of taps [heads, size], by products with one-hot rows. */
function spreadTaps(taps: tf.Tensor, time: number, tapOf: (t: number, u: number) => number | null): tf.Tensor {
  const size = taps.shape[1] as number;
  const numbers = Array.from({length: time * time}, (_, i) => tapOf(Math.floor(i / time), i % time) ?? size);
  const chosen = tf.oneHot(tf.tensor1d(numbers, 'int32'), size + 1).toFloat();
  const withNone = taps.pad([
    [0, 0],
    [0, 1],
  ]);
  return tf.matMul(chosen, withNone, false, true).reshape([time, time, -1]);
}

type Function = (...inputs: tf.Tensor[]) => tf.Tensor;

/** That both functions have the same outputs and gradients. */
function expectSameGradients(actual: Function, wanted: Function, inputs: tf.Tensor[], seed: number): void {
  tf.tidy(() => {
    const probe = drawn(wanted(...inputs).shape, seed, 'probe');
    const gradients = [actual, wanted].map((f) =>
      tf.grads(
        (...given) =>
          f(...given)
            .mul(probe)
            .sum() as tf.Scalar,
      )(inputs),
    );
    for (const [i, gradient] of gradients[0].entries()) {
      const expected = gradients[1][i];
      expect(gradient.shape).toEqual(expected.shape);
      const error = gradient.sub(expected).abs().max().dataSync()[0];
      expect(error).toBeLessThan(1e-4 * (expected.abs().max().dataSync()[0] + 0.01));
    }
  });
}

const sizes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 9}),
  channels: fc.integer({min: 1, max: 3}),
  scale: fc.constantFrom(1, 40),
  causal: fc.boolean(),
  seed: fc.nat(),
});

describe('the gradients equal those of the definition', () => {
  it('aftFull, of the factors too', () => {
    fc.assert(
      fc.property(sizes, ({batch, time, channels, scale, causal, seed}) => {
        const draw = (shape: number[], name: string, by = 1) => drawn(shape, seed, name, by);
        tf.tidy(() => {
          const shape = [batch, time, channels];
          const inputs = [draw(shape, 'k', scale), draw(shape, 'v'), draw([time, 2], 'u'), draw([time, 2], 'c')];
          expectSameGradients(
            (k, v, rows, columns) => aftFull(k, v, {rows, columns}, {causal}),
            (k, v, rows, columns) => dense(k, v, tf.matMul(rows, columns, false, true).expandDims(2), causal),
            inputs,
            seed,
          );
        });
      }),
      {numRuns: 20},
    );
  });

  it('aftLocal, in and out of the window, of a matrix and of factors', () => {
    fc.assert(
      fc.property(sizes, fc.integer({min: 1, max: 12}), ({batch, time, scale, causal, seed}, windowSize) => {
        const draw = (shape: number[], name: string, by = 1) => drawn(shape, seed, name, by);
        tf.tidy(() => {
          const long = 10 * time;
          const [k, v] = [draw([batch, long, 2], 'k', scale), draw([batch, long, 2], 'v')];
          const window = maskOf(long, (t, u) => Math.abs(t - u) < windowSize);
          expectSameGradients(
            (k, v, w) => aftLocal(k, v, w, {windowSize, causal}),
            (k, v, w) => dense(k, v, w.expandDims(2).mul(window), causal),
            [k, v, draw([long, long], 'w')],
            seed,
          );
          expectSameGradients(
            (k, v, rows, columns) => aftLocal(k, v, {rows, columns}, {windowSize, causal}),
            (k, v, rows, columns) =>
              dense(k, v, tf.matMul(rows, columns, false, true).expandDims(2).mul(window), causal),
            [k, v, draw([long, 2], 'u'), draw([long, 2], 'c')],
            seed,
          );
        });
      }),
      {numRuns: 8},
    );
  });

  it('aftConv, of the taps too', () => {
    fc.assert(
      fc.property(sizes, fc.integer({min: 1, max: 5}), ({batch, time, channels: heads, scale, causal, seed}, half) => {
        const draw = (shape: number[], name: string, by = 1) => drawn(shape, seed, name, by);
        tf.tidy(() => {
          const long = 10 * time;
          const size = causal ? half : 2 * half - 1;
          const bias = (taps: tf.Tensor) =>
            spreadTaps(taps, long, (t, u) => {
              const tap = u - t + (causal ? size - 1 : half - 1);
              return tap >= 0 && tap < size ? tap : null;
            });
          const perChannel = (taps: tf.Tensor) =>
            bias(
              taps
                .expandDims(1)
                .tile([1, 2, 1])
                .reshape([2 * heads, size]),
            );
          expectSameGradients(
            (k, v, taps) => aftConv(k, v, taps, {causal}),
            (k, v, taps) => dense(k, v, perChannel(taps), causal),
            [draw([batch, long, heads], 'k', scale), draw([batch, long, 2 * heads], 'v'), draw([heads, size], 'w')],
            seed,
          );
        });
      }),
      {numRuns: 8},
    );
  });

  it('aftConv2d, of the taps too', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 4}),
        fc.constantFrom(1, 3, 22),
        fc.integer({min: 0, max: 2}),
        fc.nat(),
        (rows, columns, reach, seed) => {
          const draw = (shape: number[], name: string) => drawn(shape, seed, name);
          tf.tidy(() => {
            const size = 2 * reach + 1;
            const tapOf = (t: number, u: number) => {
              const down = Math.floor(u / columns) - Math.floor(t / columns) + reach;
              const right = (u % columns) - (t % columns) + reach;
              return [down, right].every((tap) => tap >= 0 && tap < size) ? down * size + right : null;
            };
            const flat = (x: tf.Tensor) => x.reshape([2, rows * columns, -1]);
            const bias = (taps: tf.Tensor) => spreadTaps(taps.reshape([2, -1]), rows * columns, tapOf);
            expectSameGradients(
              (k, v, taps) => flat(aftConv2d(k, v, taps)),
              (k, v, taps) => dense(flat(k), flat(v), bias(taps), false),
              [draw([2, rows, columns, 2], 'k'), draw([2, rows, columns, 2], 'v'), draw([2, size, size], 'w')],
              seed,
            );
          });
        },
      ),
      {numRuns: 12},
    );
  });
});

describe('memory', () => {
  const [batch, time, channels] = [2, 96, 32];
  const draw = (name: string) => drawn([batch, time, channels], 1, name);
  const factors = () => ({rows: drawn([time, 4], 1, 'u'), columns: drawn([time, 4], 1, 'c')});

  it.each<[string, (k: tf.Tensor, v: tf.Tensor) => tf.Tensor]>([
    ['aftFull', (k, v) => aftFull(k, v, factors(), {causal: true})],
    ['aftLocal', (k, v) => aftLocal(k, v, factors(), {windowSize: 8, causal: true})],
    ['aftConv', (k, v) => aftConv(k, v, drawn([channels, 8], 1, 'w'), {causal: true})],
  ])('no tensor of %s and its gradient has a value for each pair of positions and channel', (_, op) => {
    const write = vi.spyOn(tf.backend(), 'write');
    tf.tidy(() => {
      tf.grads((keys, values) => op(keys, values).sum() as tf.Scalar)([draw('k'), draw('v')]);
    });
    const largest = Math.max(...write.mock.calls.map(([, shape]) => tf.util.sizeFromShape(shape)));
    write.mockRestore();
    expect(largest).toBeGreaterThanOrEqual(batch * time * channels);
    expect(largest).toBeLessThan((batch * time * time * channels) / 8);
  });
});
