import * as tf from '@tensorflow/tfjs';
import {ConfigError, Random, type RopeScaling, type RotaryPairing, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {layers, ops, type RotaryOptions} from '../src';

const pairings: RotaryPairing[] = ['interleaved', 'halves'];
const scalings: (RopeScaling | null)[] = [
  null,
  {type: 'linear', factor: 3},
  {type: 'yarn', factor: 4, originalMaxSequenceLength: 16},
  {type: 'dynamic', factor: 2, originalMaxSequenceLength: 8},
];

function normal(shape: number[], seed: number): tf.Tensor {
  const random = new Random(seed, 'rotary');
  const values = Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal());
  return tf.tensor(values, shape);
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

const cases = fc.record({
  pairing: fc.constantFrom(...pairings),
  half: fc.integer({min: 1, max: 4}),
  staying: fc.integer({min: 0, max: 3}),
  time: fc.integer({min: 1, max: 5}),
  first: fc.constantFrom(0, 7, 5000, 1_000_000),
  base: fc.constantFrom(10000, 500),
  seed: fc.nat(),
});

/** One row turned as the paper writes it, in double precision. */
function definition(row: number[], n: number, size: number, base: number, pairing: RotaryPairing): number[] {
  const turned = [...row];
  for (let i = 0; i < size / 2; i++) {
    const [u, w] = pairing === 'interleaved' ? [2 * i, 2 * i + 1] : [i, i + size / 2];
    const angle = n * base ** ((-2 * i) / size);
    turned[u] = row[u] * Math.cos(angle) - row[w] * Math.sin(angle);
    turned[w] = row[u] * Math.sin(angle) + row[w] * Math.cos(angle);
  }
  return turned;
}

describe('rotary', () => {
  it('is its definition, at position 1,000,000 as exactly as at 0', () => {
    fc.assert(
      fc.property(cases, ({pairing, half, staying, time, first, base, seed}) => {
        tf.tidy(() => {
          const size = 2 * half;
          const x = normal([time, size + staying], seed) as tf.Tensor2D;
          const positions = Array.from({length: time}, (_, t) => first + 3 * t);
          const wanted = x.arraySync().map((row, t) => definition(row, positions[t], size, base, pairing));
          expect(distance(ops.rotary(x, positions, {size, base, pairing}), tf.tensor2d(wanted))).toBeLessThan(2e-6);
          const onDevice = tf.tensor1d(positions, 'int32');
          expect(distance(ops.rotary(x, onDevice, {size, base, pairing}), tf.tensor2d(wanted))).toBeLessThan(3e-6);
        });
      }),
      {numRuns: 40},
    );
  });

  it('gives each row of a batch its own positions', () => {
    tf.tidy(() => {
      const x = normal([2, 3, 4, 6], 0);
      const positions = [
        [0, 1, 2, 3],
        [40, 7, 7, 900],
      ];
      const together = ops.rotary(x, tf.tensor2d(positions, undefined, 'int32'));
      positions.forEach((row, b) => {
        expect(distance(together.slice(b, 1), ops.rotary(x.slice(b, 1), row))).toBeLessThan(1e-6);
      });
    });
  });

  it('makes products depend on distances alone, and turns back', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(...scalings), ({pairing, half, time, first, seed}, scaling) => {
        tf.tidy(() => {
          const options: RotaryOptions = {pairing, scaling, length: 2_000_000};
          const [q, k] = [1, 2].map((i) => normal([time, 2 * half], seed + i));
          const places = (from: number) => Array.from({length: time}, (_, t) => from + t);
          const scores = (from: number) =>
            tf.matMul(ops.rotary(q, places(from), options), ops.rotary(k, places(from), options), false, true);
          const [near, far] = [scores(0), scores(first)];
          expect(distance(near, far)).toBeLessThan(1e-5 * Math.max(1, near.abs().max().dataSync()[0]));
          const turned = ops.rotary(q, places(first), options);
          expect(distance(ops.rotary(turned, places(first), {...options, inverse: true}), q)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 40},
    );
  });

  it('has frequencies that follow the length of its positions, unless another is given', () => {
    tf.tidy(() => {
      const x = normal([12, 8], 1);
      const places = (count: number) => Array.from({length: count}, (_, n) => n);
      const scaling: RopeScaling = {type: 'dynamic', factor: 2, originalMaxSequenceLength: 8};
      const own = ops.rotary(x, places(12), {scaling});
      expect(distance(own, ops.rotary(x, places(12), {scaling, length: 12}))).toBe(0);
      expect(distance(own, ops.rotary(x, places(12), {scaling, length: 8}))).toBeGreaterThan(0.01);
      expect(distance(ops.rotary(x, places(12), {scaling, length: 8}), ops.rotary(x, places(12)))).toBe(0);
    });
  });
});

describe('positionTable', () => {
  it('has sines in the first half of the columns and cosines in the second', () => {
    const table = ops.positionTable(3, 4, {base: 100});
    const wanted = [0, 1, 2].flatMap((n) => [Math.sin(n), Math.sin(n / 10), Math.cos(n), Math.cos(n / 10)]);
    expect([...table]).toEqual(wanted.map(Math.fround));
  });
});

describe('changePairing', () => {
  it('keeps every score, and is undone by the other direction', () => {
    fc.assert(
      fc.property(cases, fc.integer({min: 1, max: 3}), ({half, staying, time, seed}, numHeads) => {
        tf.tidy(() => {
          const [size, headSize] = [2 * half, 2 * half + staying];
          const x = normal([1, time, 5], seed) as tf.Tensor3D;
          const [wq, wk] = [1, 2].map((i) => normal([5, numHeads * headSize], seed + i));
          const options = {numHeads, size};
          const scores = (pairing: RotaryPairing, ...weights: tf.Tensor[]) => {
            const [q, k] = weights.map((w) => {
              const heads = tf.matMul(x.reshape([time, 5]), w as tf.Tensor2D).reshape([time, numHeads, headSize]);
              return ops.rotary(heads.transpose([1, 0, 2]), [...Array(time).keys()], {size, pairing});
            });
            return tf.matMul(q, k, false, true);
          };
          const changed = [wq, wk].map((w) => ops.changePairing(w, 'halves', options));
          expect(distance(scores('halves', ...changed), scores('interleaved', wq, wk))).toBeLessThan(1e-4);
          expect(distance(ops.changePairing(changed[0], 'interleaved', options), wq)).toBe(0);
        });
      }),
      {numRuns: 20},
    );
  });

  it('puts even features of a head first, of biases too', () => {
    tf.tidy(() => {
      const bias = tf.tensor1d([0, 1, 2, 3, 10, 11, 12, 13]);
      expect([...ops.changePairing(bias, 'halves', {numHeads: 2}).dataSync()]).toEqual([0, 2, 1, 3, 10, 12, 11, 13]);
    });
  });
});

describe('learnedRotary', () => {
  /** The same of tf ops, for tfjs's own gradient. */
  function composed(x: tf.Tensor, theta: tf.Tensor, pairing: RotaryPairing): tf.Tensor {
    const [batch, time, width] = x.shape as number[];
    const half = theta.size;
    const angles = tf.outerProduct(tf.range(0, time), theta as tf.Tensor1D);
    const [cos, sin] = [angles.cos(), angles.sin()];
    const [first, rest] = tf.split(x, [2 * half, width - 2 * half], -1);
    const inPairs = pairing === 'interleaved' ? [half, 2] : [2, half];
    const axis = pairing === 'interleaved' ? 3 : 2;
    const [u, w] = tf.unstack(first.reshape([batch, time, ...inPairs]), axis);
    const turned = tf.stack([u.mul(cos).sub(w.mul(sin)), u.mul(sin).add(w.mul(cos))], axis);
    return tf.concat([turned.reshape([batch, time, 2 * half]), rest], -1);
  }

  it('is rotary at the usual frequencies, with the gradient of its definition', () => {
    fc.assert(
      fc.property(cases, ({pairing, half, staying, time, seed}) => {
        tf.tidy(() => {
          const x = normal([2, time, 2 * half + staying], seed);
          const probe = normal(x.shape as number[], seed + 1);
          const positions = [...Array(time).keys()];
          const theta = tf.tensor1d(ops.rotaryFrequencies(2 * half, 100));
          const usual = ops.rotary(x, positions, {pairing, size: 2 * half, base: 100});
          expect(distance(ops.learnedRotary(x, positions, theta, {pairing}), usual)).toBeLessThan(1e-5);
          const ours = tf.grads((x, by) =>
            ops
              .learnedRotary(x, positions, by as tf.Tensor1D, {pairing})
              .mul(probe)
              .sum(),
          );
          const theirs = tf.grads((x, by) => composed(x, by, pairing).mul(probe).sum());
          const wanted = theirs([x, theta]);
          ours([x, theta]).forEach((gradient, i) => {
            expect(distance(gradient, wanted[i])).toBeLessThan(1e-4 * (1 + wanted[i].abs().max().dataSync()[0]));
          });
        });
      }),
      {numRuns: 15},
    );
  });
});

describe('xPos', () => {
  it('turns scores that fall with the distance alone, wherever its center is', () => {
    fc.assert(
      fc.property(cases, fc.integer({min: -20, max: 40}), ({pairing, half, staying, time, seed}, center) => {
        tf.tidy(() => {
          const size = 2 * half;
          const options = {size, pairing, scaleBase: 16};
          const [q, k] = [1, 2].map((i) => normal([time + 2, size + staying], seed + i));
          const scoresOf = ({queries, keys}: {queries: tf.Tensor; keys: tf.Tensor}) =>
            tf.matMul(queries, keys, false, true);
          const scores = scoresOf(ops.xPos(q, k, options));
          const scale = 1 + scores.abs().max().dataSync()[0];
          expect(distance(scoresOf(ops.xPos(q, k, {...options, center})), scores)).toBeLessThan(1e-4 * scale);
          // The last queries alone, as in decoding.
          const last = scoresOf(ops.xPos(q.slice([time, 0]), k, options));
          expect(distance(last, scores.slice([time, 0]))).toBeLessThan(1e-5 * scale);
        });
      }),
      {numRuns: 20},
    );
  });

  it('falls by its scales over scaleBase positions', () => {
    tf.tidy(() => {
      // The second pair hardly turns.
      const [q, k] = [
        tf.tensor2d([
          [0, 0, 0, 0],
          [0, 0, 1, 0],
        ]),
        tf.tensor2d([
          [0, 0, 1, 0],
          [0, 0, 0, 0],
        ]),
      ];
      const {queries, keys} = ops.xPos(q, k, {scaleBase: 1, base: 1e12});
      const [score] = tf.matMul(queries, keys, false, true).slice([1, 0], [1, 1]).dataSync();
      expect(score).toBeCloseTo(ops.xPosScales(4)[1], 5);
      expect(ops.xPosScales(4)).toEqual([1.6 / 5.6, 3.6 / 5.6]);
    });
  });
});

describe('axialRotary', () => {
  it('turns a share of the features by each coordinate', () => {
    tf.tidy(() => {
      const x = normal([2, 3, 4, 8], 5);
      const turned = ops.axialRotary(x, {positions: 'tokens', base: 100});
      const [rows, columns] = tf.split(x, 2, -1);
      const byRow = ops.rotary(rows.transpose([0, 2, 1, 3]), [0, 1, 2], {base: 100}).transpose([0, 2, 1, 3]);
      const byColumn = ops.rotary(columns, [0, 1, 2, 3], {base: 100});
      expect(distance(turned, tf.concat([byRow, byColumn], -1))).toBeLessThan(1e-6);
    });
  });

  it('has places of pixels between -1 and 1', () => {
    const angles = ops.axialAngles([2, 3], 8, {maxFrequency: 4});
    // Of the last place: frequencies π and 2π, both coordinates 1.
    expect(angles.slice(-4)).toEqual([Math.PI, 2 * Math.PI, Math.PI, 2 * Math.PI]);
    expect(angles).toHaveLength(24);
  });
});

describe('the layer', () => {
  it('turns heads by their positions, in pieces of a stream too, and is saved in a tf.sequential', async () => {
    const layer = layers.rotary({numHeads: 2, pairing: 'halves', scaling: {type: 'linear', factor: 2}});
    tf.tidy(() => {
      const x = normal([1, 6, 8], 2);
      const whole = layer.apply(x) as tf.Tensor;
      const heads = x.reshape([6, 2, 4]).transpose([1, 0, 2]);
      const places = [0, 1, 2, 3, 4, 5].map((n) => n / 2);
      const wanted = ops.rotary(heads, places, {pairing: 'halves'}).transpose([1, 0, 2]).reshape([1, 6, 8]);
      expect(distance(whole, wanted)).toBeLessThan(1e-6);
      const first = layer.stream(x.slice([0, 0], [1, 2]));
      const second = layer.stream(x.slice([0, 2], [1, 3]), first.state);
      const third = layer.stream(x.slice([0, 5], [1, 1]), second.state);
      third.state.dispose();
      expect(distance(tf.concat([first.output, second.output, third.output], 1), whole)).toBeLessThan(1e-6);
    });
    layer.dispose();
    const model = tf.sequential({layers: [layers.rotary({inputShape: [3, 4]}), tf.layers.dense({units: 1})]});
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const [x, y] = [tf.ones([1, 3, 4]), tf.ones([1, 3, 1])];
    await model.fit(x, y, {epochs: 1, verbose: 0});
    model.dispose();
    tf.dispose([x, y]);
  });
});

const x = () => tf.zeros([3, 6]);
const places = [0, 1, 2];
const unknown = {type: 'stretch', factor: 2} as unknown as RopeScaling;

/** Runs in a scope, so that what was made before the error is freed. */
const within = (run: () => unknown) => () => tf.tidy(() => void run());

refusals([
  [
    'an odd size',
    ConfigError,
    within(() => ops.rotary(x(), places, {size: 3})),
    /rotary: size is 3, but must be an even/,
  ],
  [
    'a size beyond the features',
    ShapeError,
    within(() => ops.rotary(x(), places, {size: 8})),
    /size is 8, but x \[3,6\]/,
  ],
  ['odd features', ConfigError, within(() => ops.rotary(tf.zeros([3, 5]), places)), /rotary: size is 5/],
  [
    'an unknown scaling',
    ConfigError,
    within(() => ops.rotary(x(), places, {scaling: unknown})),
    /scaling is .*stretch/,
  ],
  [
    'a factor below 1',
    ConfigError,
    within(() => ops.rotary(x(), places, {scaling: {type: 'linear', factor: 0.5}})),
    /scaling is .*factor must be a number of at least 1/,
  ],
  ['too few positions', ShapeError, within(() => ops.rotary(x(), [0, 1])), /positions \[2\] must be \[time\]/],
  [
    'an unknown option',
    ConfigError,
    within(() => ops.rotary(x(), places, {bases: 2} as object)),
    /unknown field bases/,
  ],
  [
    'heads that do not divide',
    ShapeError,
    within(() => ops.changePairing(x(), 'halves', {numHeads: 4})),
    /changePairing: numHeads is 4, but must divide the last axis of \[3,6\]/,
  ],
  [
    'more queries than keys',
    ShapeError,
    within(() => ops.xPos(x(), tf.zeros([2, 6]))),
    /xPos: queries \[3,6\] must be the last positions of keys \[2,6\]/,
  ],
  ['a scale base of 0', ConfigError, within(() => ops.xPos(x(), x(), {scaleBase: 0})), /xPos: scaleBase is 0/],
  [
    'features that axes do not share',
    ShapeError,
    () => ops.axialAngles([2, 2], 6),
    /size is 6, but must be a multiple of 4/,
  ],
  [
    'a layer whose heads do not divide',
    ConfigError,
    () => layers.rotary({numHeads: 4, name: 'turn'}).apply(tf.input({shape: [2, 6]})),
    /turn: numHeads is 4, but must divide the width 6/,
  ],
]);
