import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {inference} from '../../src/layers/layer';
import {
  LearnedPositions,
  positionAfter,
  SinusoidalPositions,
  sinusoids,
  tokenPositions,
} from '../../src/layers/positions';
import type {StateTree} from '../../src/streams/state-tree';
import {expectClose, normalPlain, type Plain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, toTensor} from './layer-check';
import {checkStream} from './stream-check';

const hidden = 4;
// Two rows of three tokens, the second with two paddings before its tokens.
const mask = [
  [1, 1, 1, 1, 1],
  [0, 0, 1, 1, 1],
];

const at = (positions: number[][]) => tf.tensor2d(positions, undefined, 'int32');

describe('tokenPositions', () => {
  it('count from the start, for all rows alike', () => {
    tf.tidy(() => {
      const positions = tokenPositions(3, at([[5]]));
      expect(positions.dtype).toBe('int32');
      expect(positions.arraySync()).toEqual([[5, 6, 7]]);
    });
  });

  it('begin with the first token of a padded row, whatever stands before', () => {
    tf.tidy(() => {
      expect(tokenPositions(5, null, tf.tensor2d(mask)).arraySync()).toEqual([
        [0, 1, 2, 3, 4],
        [0, 0, 0, 1, 2],
      ]);
    });
  });

  it('go on piece by piece where those of the whole do, wherever the padding ends', () => {
    tf.tidy(() => {
      const whole = tokenPositions(5, null, tf.tensor2d(mask)).arraySync();
      for (let cut = 1; cut < 5; cut++) {
        const first = tf.tensor2d(mask.map((row) => row.slice(0, cut)));
        const second = tf.tensor2d(mask.map((row) => row.slice(cut)));
        const start = positionAfter(cut, null, first);
        expect(tokenPositions(5 - cut, start, second).arraySync()).toEqual(whole.map((row) => row.slice(cut)));
        // Once all rows are in their tokens no mask is needed.
        if (cut >= 2) expect(tokenPositions(5 - cut, start).arraySync()).toEqual(whole.map((row) => row.slice(cut)));
        expect(positionAfter(5 - cut, start, second).dataSync()).toEqual(Int32Array.of(5, 3));
      }
      expect(positionAfter(3).arraySync()).toEqual([[3]]);
      expect(positionAfter(3, at([[4]])).arraySync()).toEqual([[7]]);
      expect(positionAfter(3, at([[1], [2]])).dataSync()).toEqual(Int32Array.of(4, 5));
    });
  });
});

function plusRows(x: Plain, row: (position: number) => ArrayLike<number>): number[] {
  const [, time] = x.shape;
  return x.data.map((value, i) => value + row(Math.floor(i / hidden) % time)[i % hidden]);
}

describe('LearnedPositions', () => {
  it('adds the row of its table to each position', () => {
    const layer = new LearnedPositions({maxSequenceLength: 6});
    const {table} = buildWithRandomWeights(layer, [null, null, hidden]);
    const x = normalPlain([2, 5, hidden], 1, 'x');
    expectClose(
      apply(layer, x).data,
      plusRows(x, (position) => table.data.slice(position * hidden, (position + 1) * hidden)),
      1e-6,
      'output',
    );
    layer.dispose();
  });

  it('gives a padded row what it gives the row without padding, also piece by piece', () => {
    const layer = new LearnedPositions({maxSequenceLength: 6});
    buildWithRandomWeights(layer, [null, null, hidden]);
    tf.tidy(() => {
      const x = toTensor(normalPlain([2, 5, hidden], 1, 'x'));
      const attentionMask = tf.tensor2d(mask);
      const padded = layer.forward(x, {...inference, attentionMask});
      const bare = layer.forward(x.slice([1, 2], [1, 3]), inference);
      expectClose(padded.slice([1, 2], [1, 3]).dataSync(), bare.dataSync(), 1e-6, 'row without padding');
      let state: StateTree | null = null;
      const pieces = [0, 1, 3].map((start, i, starts) => {
        const end = starts[i + 1] ?? 5;
        const options =
          i < 2 ? {...inference, attentionMask: attentionMask.slice([0, start], [2, end - start])} : inference;
        const step = layer.advance(x.slice([0, start], [2, end - start]), state, options);
        state = step.state;
        return step.output;
      });
      expectClose(tf.concat(pieces, 1).dataSync(), padded.dataSync(), 1e-6, 'pieces');
    });
    layer.dispose();
  });

  it('streams', () => {
    const layer = new LearnedPositions({maxSequenceLength: 6});
    buildWithRandomWeights(layer, [null, null, hidden]);
    checkStream(layer, normalPlain([2, 6, hidden], 2, 'x'));
    layer.dispose();
  });

  it('says how long a sequence may be, whole and in pieces', () => {
    const layer = build(new LearnedPositions({maxSequenceLength: 3, name: 'positions'}), [null, null, hidden]);
    tf.tidy(() => {
      const x = tf.zeros([1, 2, hidden]);
      expect(() => layer.apply(tf.zeros([1, 4, hidden]))).toThrow(ShapeError);
      const {state} = layer.stream(x);
      expect(() => layer.stream(x, state)).toThrow(
        /positions: a sequence of 4 tokens is longer than maxSequenceLength 3/,
      );
      const last = layer.stream(tf.zeros([1, 1, hidden]), state);
      expect(last.output.shape).toEqual([1, 1, hidden]);
      last.state.dispose();
    });
    layer.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential([new LearnedPositions({maxSequenceLength: 3})], tf.randomNormal([2, 3, 2], 0, 1, 'float32', 1)));
});

describe('sinusoids', () => {
  it('are the sines and cosines of the paper', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.integer({min: 1, max: 5}), fc.integer({min: 1, max: 7}), (start, time, size) => {
        const wanted = Array.from({length: time * size}, (_, place) => {
          const [n, i] = [start + Math.floor(place / size), place % size];
          const angle = n / 10000 ** ((2 * Math.floor(i / 2)) / size);
          return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
        });
        const positions = Array.from({length: time}, (_, i) => start + i);
        tf.tidy(() => {
          for (const given of [positions, tf.tensor1d(positions, 'int32')]) {
            const table = sinusoids(given, size);
            expect(table.shape).toEqual([time, size]);
            expectClose(table.dataSync(), wanted, 1e-6, 'sinusoids', 1);
          }
        });
      }),
      {numRuns: 30},
    );
  });
});

describe('SinusoidalPositions', () => {
  it('adds the sinusoids of the positions, streams and has no weights', () => {
    const layer = build(new SinusoidalPositions(), [null, null, hidden]);
    const x = normalPlain([2, 5, hidden], 1, 'x');
    const rows = tf.tidy(() => sinusoids([0, 1, 2, 3, 4], hidden).arraySync());
    expectClose(
      apply(layer, x).data,
      plusRows(x, (position) => rows[position]),
      1e-6,
      'output',
    );
    checkStream(layer, x);
    expect(layer.weights).toEqual([]);
    layer.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential(
      [tf.layers.dense({units: 2}), new SinusoidalPositions()],
      tf.randomNormal([2, 3, 2], 0, 1, 'float32', 1),
    ));
});
