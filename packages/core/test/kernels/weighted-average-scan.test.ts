import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type WeightedAverageState, weightedAverageScan} from '../../src/kernels/weighted-average-scan';
import {weightedAverageScanReference} from '../../src/kernels/weighted-average-scan/reference';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};
type Tensors = {[name: string]: tf.Tensor};

/** Every sum as it stands in the definition, in double precision. */
function definition({keys, values, decay, bonus, numerator, denominator, maximum}: Plains): number[][] {
  const [batch, time, channels] = keys.shape;
  const output = new Array<number>(keys.data.length);
  const last = [0, 1, 2].map(() => new Array<number>(batch * channels));
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++) {
      const at = (t: number) => (b * time + t) * channels + c;
      const [w, u, own] = [decay.data[c], bonus.data[c], b * channels + c];
      /** [logarithm of a weight, value] of all that was before position t; the first state counts as two terms. */
      const before = (t: number): [number, number, number][] => {
        const terms = Array.from({length: t}, (_, i): [number, number, number] => [
          (t - 1 - i) * w + keys.data[at(i)],
          values.data[at(i)],
          1,
        ]);
        if (maximum) terms.push([maximum.data[own] + t * w, numerator.data[own], denominator.data[own]]);
        return terms;
      };
      const sums = (terms: [number, number, number][], scale: number) =>
        terms.reduce(
          ([n, d], [log, v, one]) => [n + Math.exp(log - scale) * v, d + Math.exp(log - scale) * one],
          [0, 0],
        );
      for (let t = 0; t < time; t++) {
        const terms = [...before(t), [u + keys.data[at(t)], values.data[at(t)], 1] as [number, number, number]];
        const [n, d] = sums(terms, Math.max(...terms.map(([log]) => log)));
        output[at(t)] = n / d;
      }
      const terms = before(time);
      const largest = Math.max(...terms.map(([log]) => log));
      const [n, d] = sums(terms, largest);
      [last[0][own], last[1][own], last[2][own]] = [n, d, largest];
    }
  return [output, ...last];
}

const outputsOf = ({output, state}: ReturnType<typeof weightedAverageScan>) => [
  output,
  state.numerator,
  state.denominator,
  state.maximum,
];

const stateOf = ({numerator, denominator, maximum}: Tensors) => maximum && {numerator, denominator, maximum};

const op = ({keys, values, decay, bonus, ...state}: Tensors) =>
  outputsOf(weightedAverageScan(keys, values, {decay, bonus, state: stateOf(state)}));

const reference = ({keys, values, decay, bonus, ...state}: Tensors) => {
  const {output, ...last} = weightedAverageScanReference(keys, values, decay, bonus, stateOf(state));
  return outputsOf({output, state: last});
};

interface Shape {
  batch: number;
  time: number;
  channels: number;
  seed: number;
}

const shapes = fc.record<Shape>({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 7}),
  channels: fc.integer({min: 1, max: 3}),
  seed: fc.nat(),
});

function plains({batch, time, channels, seed}: Shape, {withState = false, keyScale = 1} = {}): Plains {
  const decay = normalPlain([channels], seed, 'decay');
  const positive = (plain: Plain) => ({...plain, data: plain.data.map((x) => Math.fround(Math.abs(x) + 0.1))});
  return {
    keys: normalPlain([batch, time, channels], seed, 'keys', keyScale),
    values: normalPlain([batch, time, channels], seed, 'values'),
    decay: {...decay, data: decay.data.map((x) => -Math.abs(x))},
    bonus: normalPlain([channels], seed, 'bonus'),
    ...(withState && {
      numerator: normalPlain([batch, channels], seed, 'numerator'),
      denominator: positive(normalPlain([batch, channels], seed, 'denominator')),
      maximum: normalPlain([batch, channels], seed, 'maximum'),
    }),
  };
}

describe('weightedAverageScan', () => {
  it('and its gradient are what the definition gives, from nothing and from a state', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), (shape, withState) =>
        checkKernel({inputs: plains(shape, {withState}), op, reference, definition, least: {gradient: 0.1}}),
      ),
      {numRuns: 25},
    );
  });

  it('holds for keys whose exponentials overflow', () => {
    for (const seed of [1, 2])
      checkKernel({
        inputs: plains({batch: 1, time: 6, channels: 3, seed}, {withState: true, keyScale: 100}),
        op,
        reference,
        definition,
        least: {gradient: 1},
      });
  });

  it('is a plain running average without decay and bonus', () => {
    tf.tidy(() => {
      const zeros = tf.zeros([1]);
      const values = tf.tensor3d([1, 3, 8], [1, 3, 1]);
      const {output} = weightedAverageScan(tf.zeros([1, 3, 1]), values, {decay: zeros, bonus: zeros});
      expect([...output.dataSync()]).toEqual([1, 2, 4]);
    });
  });

  it('streams the same in any pieces, gradients too', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 6}), (shape, cut) => {
        if (cut >= shape.time) return;
        tf.tidy(() => {
          const {keys, values, decay, bonus} = Object.fromEntries(
            Object.entries(plains(shape)).map(([name, {data, shape}]) => [name, tf.tensor(data, shape)]),
          );
          const probe = tf.randomNormal(keys.shape, 0, 1, 'float32', shape.seed);
          const whole = (k: tf.Tensor, v: tf.Tensor, w: tf.Tensor) =>
            weightedAverageScan(k, v, {decay: w, bonus}).output.mul(probe).sum();
          const inTwo = (k: tf.Tensor, v: tf.Tensor, w: tf.Tensor) => {
            const [k1, k2] = tf.split(k, [cut, shape.time - cut], 1);
            const [v1, v2] = tf.split(v, [cut, shape.time - cut], 1);
            const first = weightedAverageScan(k1, v1, {decay: w, bonus});
            const second = weightedAverageScan(k2, v2, {decay: w, bonus, state: first.state});
            return tf.concat([first.output, second.output], 1).mul(probe).sum();
          };
          const expected = tf.grads(whole)([keys, values, decay]);
          const actual = tf.grads(inTwo)([keys, values, decay]);
          actual.forEach((gradient, i) => {
            expect(gradient.sub(expected[i]).abs().max().dataSync()[0]).toBeLessThan(1e-4);
          });
        });
      }),
      {numRuns: 20},
    );
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const [keys, w] = [tf.zeros([2, 3, 4]), tf.zeros([4])];
      const scan = (values: tf.Tensor, decay: tf.Tensor, state?: WeightedAverageState) => () =>
        weightedAverageScan(keys, values, {decay, bonus: w, state});
      const state = {numerator: tf.zeros([2, 4]), denominator: tf.zeros([2, 4]), maximum: tf.zeros([1, 4])};
      expect(scan(tf.zeros([2, 3, 5]), w)).toThrow(ShapeError);
      expect(scan(keys, tf.zeros([3]))).toThrow('decay [3] must be [4], as the keys are [2,3,4]');
      expect(scan(keys, w, state)).toThrow('maximum [1,4] must be [2,4]');
      const none = tf.zeros([2, 0, 4]);
      expect(() => weightedAverageScan(none, none, {decay: w, bonus: w})).toThrow('time at least 1');
    });
  });
});
