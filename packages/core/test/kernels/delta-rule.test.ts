import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {deltaRule} from '../../src/kernels/delta-rule';
import {deltaRuleReference} from '../../src/kernels/delta-rule/reference';
import {linearRecurrence} from '../../src/kernels/linear-recurrence';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};
type Tensors = {[name: string]: tf.Tensor};

const rows = (count: number) => Array.from({length: count}, (_, i) => i);

/** One head of one row of the batch, by whole matrices in double precision: S_t = (diag(d) + b aᵀ) S_{t-1} + k vᵀ. */
function definition({queries, keys, values, lookups, corrections, decay, state}: Plains): number[][] {
  const [batch, time, heads, keySize] = keys.shape;
  const valueSize = values.shape[3];
  const output: number[] = [];
  const last: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      const vector = (of: Plain, t: number) => {
        const size = of.shape[of.shape.length - 1];
        const start = (of.shape.length === 2 ? h : (b * time + t) * heads + h) * size;
        return of.data.slice(start, start + size);
      };
      let S = rows(keySize).map((n) =>
        rows(valueSize).map((m) => state?.data[((b * heads + h) * keySize + n) * valueSize + m] ?? 0),
      );
      for (let t = 0; t < time; t++) {
        const [q, k, v, a, c, w] = [queries, keys, values, lookups, corrections, decay].map((of) => vector(of, t));
        const change = rows(keySize).map((n) => rows(keySize).map((i) => c[n] * a[i] + (n === i ? Math.exp(w[n]) : 0)));
        const before = S;
        S = change.map((row, n) =>
          rows(valueSize).map((m) => row.reduce((sum, x, i) => sum + x * before[i][m], k[n] * v[m])),
        );
        for (const m of rows(valueSize))
          output[((b * time + t) * heads + h) * valueSize + m] = q.reduce((sum, x, n) => sum + x * S[n][m], 0);
      }
      last.push(...S.flat());
    }
  return [output, last];
}

const op = ({queries, keys, values, lookups, corrections, ...options}: Tensors) => {
  const {output, state} = deltaRule(queries, keys, values, {lookups, corrections, ...options});
  return [output, state];
};

const reference = (inputs: Tensors) => {
  const {output, state} = deltaRuleReference(inputs as Parameters<typeof deltaRuleReference>[0]);
  return [output, state];
};

interface Shape {
  batch: number;
  time: number;
  heads: number;
  keySize: number;
  valueSize: number;
  isFixed: boolean;
  withState: boolean;
  seed: number;
}

const shapes = fc.record<Shape>({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 5}),
  heads: fc.integer({min: 1, max: 2}),
  keySize: fc.integer({min: 1, max: 3}),
  valueSize: fc.integer({min: 1, max: 3}),
  isFixed: fc.boolean(),
  withState: fc.boolean(),
  seed: fc.nat(),
});

function plains({batch, time, heads, keySize, valueSize, isFixed, withState, seed}: Shape): Plains {
  const draw = (name: string, ...axes: number[]) => normalPlain(axes, seed, name);
  const perKey = (name: string) => draw(name, batch, time, heads, keySize);
  const decay = isFixed ? draw('decay', heads, keySize) : perKey('decay');
  const half = (plain: Plain) => ({...plain, data: plain.data.map((x) => x / 2)});
  return {
    queries: perKey('queries'),
    keys: perKey('keys'),
    values: draw('values', batch, time, heads, valueSize),
    lookups: half(perKey('lookups')),
    corrections: half(perKey('corrections')),
    decay: {...decay, data: decay.data.map((x) => -Math.abs(x))},
    ...(withState && {state: draw('state', batch, heads, keySize, valueSize)}),
  };
}

describe('deltaRule', () => {
  it('and its gradient are what the definition gives', () => {
    fc.assert(
      fc.property(shapes, (shape) =>
        checkKernel({inputs: plains(shape), op, reference, definition, least: {gradient: 0.1, output: 0.1}}),
      ),
      {numRuns: 25},
    );
  });

  it('and its gradient hold over several chunks', () => {
    const shape = {batch: 1, time: 67, heads: 1, keySize: 2, valueSize: 1, isFixed: true, withState: true, seed: 3};
    checkKernel({inputs: plains(shape), op, reference, definition});
  });

  it('overwrites what a key held before, as the plain delta rule does', () => {
    tf.tidy(() => {
      // The same key of length one twice: with a = k and b = -k only the second value is left.
      const keys = tf.tensor([0.6, 0.8, 0.6, 0.8], [1, 2, 1, 2]);
      const values = tf.tensor([5, 7], [1, 2, 1, 1]);
      const {output} = deltaRule(keys, keys, values, {lookups: keys, corrections: keys.neg()});
      output.dataSync().forEach((y, t) => {
        expect(y).toBeCloseTo([5, 7][t], 5);
      });
    });
  });

  it('is the linear recurrence where it looks nothing up', () => {
    tf.tidy(() => {
      const draw = (seed: number) => tf.randomNormal([1, 6, 2, 3], 0, 1, 'float32', seed);
      const [q, k, v, none] = [draw(1), draw(2), draw(3), tf.zeros([1, 6, 2, 3])];
      const decay = tf.tensor1d([-0.1, -1]);
      const plain = linearRecurrence(q, k, v, {decay});
      const rule = deltaRule(q, k, v, {decay, lookups: none, corrections: draw(4)});
      expect(rule.output.sub(plain.output).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    });
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const keys = tf.zeros([2, 3, 2, 4]);
      const attempt = (options: object) => () =>
        deltaRule(keys, keys, keys, {lookups: keys, corrections: keys, ...options});
      expect(attempt({lookups: tf.zeros([2, 3, 2, 5])})).toThrow(ShapeError);
      expect(attempt({corrections: tf.zeros([3])})).toThrow('corrections [3] must be [2,3,2,4]');
      expect(attempt({decay: tf.zeros([3])})).toThrow('deltaRule: decay [3] must be one of [2], [2,4]');
    });
  });
});
