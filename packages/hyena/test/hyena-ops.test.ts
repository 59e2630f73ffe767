import * as tf from '@tensorflow/tfjs';
import {Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 9}),
  width: fc.integer({min: 1, max: 4}),
  order: fc.integer({min: 2, max: 4}),
  withSkips: fc.boolean(),
  seed: fc.nat(),
});

function draw(shape: number[], seed: number, name: string): tf.Tensor {
  const random = new Random(seed, name);
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

/** The recurrence in double precision. */
function definition(
  value: number[][][],
  gates: number[][][][],
  filters: number[][][],
  skips: number[][] | undefined,
): number[] {
  return value.flatMap((row, b) => {
    let v = row.map((x, t) => x.map((each, c) => each * gates[gates.length - 1][b][t][c]));
    filters.forEach((filter, o) => {
      const gate = gates[gates.length - 2 - o][b];
      const before = v;
      v = before.map((x, t) =>
        x.map((each, c) => {
          let sum = each * (skips?.[o][c] ?? 0);
          for (let s = 0; s <= t; s++) sum += (filter[t - s]?.[c] ?? 0) * before[s][c];
          return sum * gate[t][c];
        }),
      );
    });
    return v.flat();
  });
}

describe('ops.hyena', () => {
  it('is the recurrence of its definition, for any order and length', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 12}), ({batch, time, width, order, withSkips, seed}, taps) => {
        tf.tidy(() => {
          const list = (count: number, shape: number[], name: string) =>
            Array.from({length: count}, (_, i) => draw(shape, seed, `${name} ${i}`));
          const value = draw([batch, time, width], seed, 'v');
          const gates = list(order, [batch, time, width], 'x');
          const filters = list(order - 1, [taps, width], 'k');
          const skips = withSkips ? list(order - 1, [width], 'd') : undefined;
          const values = (tensors: tf.Tensor[]) => tensors.map((tensor) => tensor.arraySync()) as never[];
          const expected = definition(
            value.arraySync() as number[][][],
            values(gates),
            values(filters),
            skips && values(skips),
          );
          const actual = ops.hyena(value, gates, filters, skips).dataSync();
          const largest = Math.max(1, ...expected.map(Math.abs));
          expected.forEach((each, i) => {
            expect(Math.abs(actual[i] - each)).toBeLessThan(2e-5 * largest);
          });
        });
      }),
      {numRuns: 30},
    );
  });

  it('refuses numbers of gates and filters that do not go together', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 3, 2]);
      const k = tf.ones([3, 2]);
      for (const run of [
        () => ops.hyena(x, [x], []),
        () => ops.hyena(x, [x, x], [k, k]),
        () => ops.hyena(x, [x, x], [k], []),
      ]) {
        expect(run).toThrow(ShapeError);
        expect(run).toThrow(/gates, . filters and .* skips do not go together/);
      }
    });
  });
});
