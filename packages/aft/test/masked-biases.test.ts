import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {aftConv} from '../src/conv-ops';
import {aftFull, aftLocal, aftSimple, continueAftFull, continueAftLocal} from '../src/ops';
import {drawn} from './drawn';

/** The largest difference, relative to the largest value, or to 1e-2, as gradients may cancel to 0. NaN counts. */
function distance(a: tf.Tensor, b: tf.Tensor): number {
  const [is, wanted] = [a.dataSync<'float32'>(), b.dataSync<'float32'>()];
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
  return is.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]) / largest), 0);
}

/**
 * The averages by a softmax of each row's visible scores, for tfjs to differentiate.
 * @param w [time, time], -infinity where a key does not count.
 */
function byDefinition(keys: tf.Tensor, values: tf.Tensor, w: tf.Tensor): tf.Tensor {
  const seen = constant(w, (bias) => (bias > -3e38 ? 1 : 0));
  const finite = tf.where(seen.toBool(), w, tf.zerosLike(w));
  const scores = keys.expandDims(1).add(finite.expandDims(0).expandDims(3));
  const visible = seen.expandDims(0).expandDims(3);
  const most = constant(scores.add(visible.sub(1).mul(1e9)).max(2, true), (score) => Math.max(score, -1e8));
  const weights = scores.sub(most).minimum(0).exp().mul(visible);
  const nothing = constant(seen.max(1), (some) => 1 - some).reshape([1, -1, 1]);
  return weights.mul(values.expandDims(1)).sum(2).div(weights.sum(2).add(nothing));
}

/** What a tensor's values become, of which tfjs knows no gradient. */
const constant = (x: tf.Tensor, of: (value: number) => number): tf.Tensor =>
  tf.tensor(Array.from(x.dataSync<'float32'>(), of), x.shape);

const cases = fc.record({
  time: fc.integer({min: 1, max: 40}),
  keyScale: fc.constantFrom(1, 1, 200),
  biasScale: fc.constantFrom(1, 150, 1e4),
  masked: fc.constantFrom(0, 0.3, 0.9),
  causal: fc.boolean(),
  seed: fc.nat(),
});

/** Biases, some of them -infinity. */
function biasesOf(time: number, scale: number, masked: number, seed: number): tf.Tensor2D {
  const random = new Random(seed, 'w');
  const values = Array.from({length: time * time}, () =>
    random.chance(masked) ? Number.NEGATIVE_INFINITY : scale * random.normal(),
  );
  return tf.tensor2d(values, [time, time]);
}

const future = (time: number) =>
  tf.where(
    tf.range(0, time).expandDims(1).greaterEqual(tf.range(0, time)),
    tf.zeros([time, time]),
    tf.fill([time, time], Number.NEGATIVE_INFINITY),
  );

/** Gradients of keys, values and biases. */
const gradientsOf = (op: (...x: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) =>
  tf.grads(
    (...x: tf.Tensor[]) =>
      op(...x)
        .mul(drawn(op(...x).shape, 3, 'probe'))
        .sum() as tf.Scalar,
  )(inputs);

describe('averages are exact for biases of any size and for those that are masks', () => {
  it('as people write masks', () => {
    tf.tidy(() => {
      const [k, v] = [tf.zeros([1, 2, 1]), tf.tensor([[[0], [1]]])];
      const w = tf.tensor2d([
        [0, 0],
        [Number.NEGATIVE_INFINITY, 0],
      ]);
      for (const causal of [true, false]) {
        expect([...aftFull(k, v, w, {causal}).dataSync()]).toEqual([causal ? 0 : 0.5, 1]);
        expect([...aftLocal(k, v, w, {causal, windowSize: 2}).dataSync()]).toEqual([causal ? 0 : 0.5, 1]);
      }
      const none = tf.fill([2, 2], Number.NEGATIVE_INFINITY) as tf.Tensor2D;
      expect([...aftFull(k, v, none).dataSync()]).toEqual([0, 0]);
    });
  });

  it('for keys that are masks', () => {
    tf.tidy(() => {
      const v = tf.tensor([[[1], [2], [3]]]);
      const k = tf.tensor([[[Number.NEGATIVE_INFINITY], [0], [0]]]);
      const none = tf.zeros([3, 3]);
      for (const causal of [true, false])
        for (const y of [
          aftSimple(k, v, {causal}),
          aftFull(k, v, none, {causal}),
          aftLocal(k, v, none, {windowSize: 2, causal}),
          aftConv(k, v, tf.zeros([1, 3]), {causal}),
        ]) {
          const wanted = causal ? [1, 2, 2.5] : [2.5, 2.5, 2.5];
          y.dataSync().forEach((value, i) => {
            expect(value).toBeCloseTo(wanted[i], 5);
          });
        }
    });
  });

  it('full, with gradients, and the next pieces of a sequence', () => {
    fc.assert(
      fc.property(cases, ({time, keyScale, biasScale, masked, causal, seed}) => {
        tf.tidy(() => {
          const [k, v] = [drawn([2, time, 2], seed, 'k', keyScale), drawn([2, time, 2], seed, 'v')];
          const w = biasesOf(time, biasScale, masked, seed);
          const wanted = (...[k, v, w]: tf.Tensor[]) => byDefinition(k, v, causal ? w.add(future(time)) : w);
          const actual = (...[k, v, w]: tf.Tensor[]) => aftFull(k, v, w, {causal});
          expect(distance(actual(k, v, w), wanted(k, v, w))).toBeLessThan(1e-4);
          const gradients = gradientsOf(actual, [k, v, w]);
          gradientsOf(wanted, [k, v, w]).forEach((gradient, i) => {
            expect(distance(gradients[i], gradient)).toBeLessThan(2e-3);
          });
          if (!causal) return;
          const cut = Math.ceil(time / 2);
          const of = (x: tf.Tensor, begin: number, size: number) => x.slice([0, begin, 0], [-1, size, -1]);
          const first = continueAftFull(of(k, 0, cut), of(v, 0, cut), w, null, time);
          const outputs = [first.output];
          if (time > cut)
            outputs.push(continueAftFull(of(k, cut, time - cut), of(v, cut, time - cut), w, first.state, time).output);
          expect(distance(tf.concat(outputs, 1), wanted(k, v, w))).toBeLessThan(1e-4);
        });
      }),
      {numRuns: 30},
    );
  });

  it('local, with gradients, and the next pieces of a sequence', () => {
    fc.assert(
      fc.property(
        cases,
        fc.integer({min: 1, max: 6}),
        ({time: few, keyScale, biasScale, masked, causal, seed}, windowSize) => {
          tf.tidy(() => {
            const time = 2 * few;
            const [k, v] = [drawn([2, time, 2], seed, 'k', keyScale), drawn([2, time, 2], seed, 'v')];
            const w = biasesOf(time, biasScale, masked, seed);
            const apart = tf.range(0, time).expandDims(1).sub(tf.range(0, time)).abs();
            const near = (w: tf.Tensor) => tf.where(apart.less(windowSize), w, tf.zerosLike(w));
            const wanted = (...[k, v, w]: tf.Tensor[]) =>
              byDefinition(k, v, causal ? near(w).add(future(time)) : near(w));
            const actual = (...[k, v, w]: tf.Tensor[]) => aftLocal(k, v, w, {windowSize, causal});
            expect(distance(actual(k, v, w), wanted(k, v, w))).toBeLessThan(1e-4);
            const gradients = gradientsOf(actual, [k, v, w]);
            gradientsOf(wanted, [k, v, w]).forEach((gradient, i) => {
              expect(distance(gradients[i], gradient)).toBeLessThan(2e-3);
            });
            if (!causal) return;
            const of = (x: tf.Tensor, begin: number) => x.slice([0, begin, 0], [-1, few, -1]);
            const first = continueAftLocal(of(k, 0), of(v, 0), w, {windowSize}, null);
            const second = continueAftLocal(of(k, few), of(v, few), w, {windowSize}, first.state);
            expect(distance(tf.concat([first.output, second.output], 1), wanted(k, v, w))).toBeLessThan(1e-4);
          });
        },
      ),
      {numRuns: 25},
    );
  });

  it('conv, with gradients', () => {
    fc.assert(
      fc.property(cases, ({time, keyScale, biasScale, masked, causal, seed}) => {
        tf.tidy(() => {
          const [k, v] = [drawn([2, time, 1], seed, 'k', keyScale), drawn([2, time, 1], seed, 'v')];
          const random = new Random(seed, 'taps');
          const taps = tf.tensor2d([
            [0, 1, 2].map(() => (random.chance(masked) ? Number.NEGATIVE_INFINITY : biasScale * random.normal())),
          ]);
          const none = causal ? future(time) : tf.zeros([time, time]);
          const matrix = (taps: tf.Tensor) => {
            const ahead = (row: number, key: number) => key - row + (causal ? 2 : 1);
            const numbers = Array.from({length: time * time}, (_, i) => ahead(Math.floor(i / time), i % time));
            const places = tf.tensor1d(
              numbers.map((tap) => (tap >= 0 && tap < 3 ? tap : 3)),
              'int32',
            );
            return tf
              .gather(taps.reshape([3]).pad([[0, 1]]), places)
              .reshape([time, time])
              .add(none);
          };
          const wanted = (...[k, v, taps]: tf.Tensor[]) => byDefinition(k, v, matrix(taps));
          const actual = (...[k, v, taps]: tf.Tensor[]) => aftConv(k, v, taps, {causal});
          expect(distance(actual(k, v, taps), wanted(k, v, taps))).toBeLessThan(1e-4);
          const gradients = gradientsOf(actual, [k, v, taps]);
          gradientsOf(wanted, [k, v, taps]).forEach((gradient, i) => {
            expect(distance(gradients[i], gradient)).toBeLessThan(2e-3);
          });
        });
      }),
      {numRuns: 25},
    );
  });
});
