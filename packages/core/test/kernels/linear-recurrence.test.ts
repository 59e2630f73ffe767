import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {linearRecurrence} from '../../src/kernels/linear-recurrence';
import {linearRecurrenceReference} from '../../src/kernels/linear-recurrence/reference';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};
type Tensors = {[name: string]: tf.Tensor};

/** A value of a tensor by its indices; axes that are not there are left out from the left. */
const at = ({shape, data}: Plain, ...indices: number[]) =>
  data[indices.slice(indices.length - shape.length).reduce((place, index, axis) => place * shape[axis] + index, 0)];

/** Every output as a sum over all positions before, in double precision. */
function definition({queries, keys, values, decay, bonus, state}: Plains): number[][] {
  const [batch, time, heads, keySize] = keys.shape;
  const valueSize = values.shape[3];
  const isScalar = decay.shape.length % 2 === 1;
  const logDecay = (b: number, t: number, h: number, n: number) =>
    isScalar ? at(decay, b, t, h) : at(decay, b, t, h, n);
  /** What S[n, m] is before position t. */
  const before = (t: number, b: number, h: number, n: number, m: number) => {
    let sum = 0;
    let log = 0;
    for (let i = t - 1; i >= 0; i--) {
      sum += Math.exp(log) * at(keys, b, i, h, n) * at(values, b, i, h, m);
      log += logDecay(b, i, h, n);
    }
    return sum + (state ? Math.exp(log) * at(state, b, h, n, m) : 0);
  };
  const output: number[] = [];
  const last: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++)
      for (let h = 0; h < heads; h++)
        for (let m = 0; m < valueSize; m++) {
          let y = 0;
          for (let n = 0; n < keySize; n++) {
            const own = at(keys, b, t, h, n) * at(values, b, t, h, m);
            const read = bonus ? before(t, b, h, n, m) + at(bonus, h, n) * own : before(t + 1, b, h, n, m);
            y += at(queries, b, t, h, n) * read;
          }
          output.push(y);
        }
    for (let h = 0; h < heads; h++)
      for (let n = 0; n < keySize; n++) for (let m = 0; m < valueSize; m++) last.push(before(time, b, h, n, m));
  }
  return [output, last];
}

const op = ({queries, keys, values, ...options}: Tensors) => {
  const {output, state} = linearRecurrence(queries, keys, values, options);
  return [output, state];
};

const reference = (inputs: Tensors) => {
  const {queries, keys, values, decay} = inputs;
  const perKey =
    decay.rank % 2 ? decay.expandDims(-1).tile([...decay.shape.map(() => 1), keys.shape[3] as number]) : decay;
  const {output, state} = linearRecurrenceReference({...inputs, queries, keys, values, decay: perKey});
  return [output, state];
};

interface Shape {
  batch: number;
  time: number;
  heads: number;
  keySize: number;
  valueSize: number;
  decayAxes: 'head' | 'key' | 'position' | 'position and key';
  withBonus: boolean;
  withState: boolean;
  seed: number;
}

const shapes = fc.record<Shape>({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 5}),
  heads: fc.integer({min: 1, max: 2}),
  keySize: fc.integer({min: 1, max: 3}),
  valueSize: fc.integer({min: 1, max: 3}),
  decayAxes: fc.constantFrom('head', 'key', 'position', 'position and key'),
  withBonus: fc.boolean(),
  withState: fc.boolean(),
  seed: fc.nat(),
});

function plains(shape: Shape): Plains {
  const {batch, time, heads, keySize, valueSize, seed} = shape;
  const decayShape = {
    head: [heads],
    key: [heads, keySize],
    position: [batch, time, heads],
    'position and key': [batch, time, heads, keySize],
  }[shape.decayAxes];
  const draw = (name: string, ...axes: number[]) => normalPlain(axes, seed, name);
  const decay = draw('decay', ...decayShape);
  return {
    queries: draw('queries', batch, time, heads, keySize),
    keys: draw('keys', batch, time, heads, keySize),
    values: draw('values', batch, time, heads, valueSize),
    decay: {...decay, data: decay.data.map((x) => -Math.abs(x))},
    ...(shape.withBonus && {bonus: draw('bonus', heads, keySize)}),
    ...(shape.withState && {state: draw('state', batch, heads, keySize, valueSize)}),
  };
}

describe('linearRecurrence', () => {
  it('and its gradient are what the definition gives, for every kind of decay', () => {
    fc.assert(
      fc.property(shapes, (shape) =>
        checkKernel({inputs: plains(shape), op, reference, definition, least: {gradient: 0.1, output: 0.1}}),
      ),
      {numRuns: 25},
    );
  });

  it('and its gradient hold over several chunks', () => {
    for (const withBonus of [true, false])
      checkKernel({
        inputs: plains({
          ...{batch: 1, time: 70, heads: 1, keySize: 2, valueSize: 1, withBonus, withState: true},
          ...{decayAxes: 'key', seed: 3},
        }),
        op,
        reference,
        definition,
      });
  });

  it('forgets nothing without a decay', () => {
    tf.tidy(() => {
      const ones = tf.ones([1, 4, 1, 1]);
      expect([...linearRecurrence(ones, ones, ones).output.dataSync()]).toEqual([1, 2, 3, 4]);
    });
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const [keys, values] = [tf.zeros([2, 3, 2, 4]), tf.zeros([2, 3, 2, 5])];
      const attempt = (options: object) => () => linearRecurrence(keys, keys, values, options);
      expect(() => linearRecurrence(values, keys, values)).toThrow(ShapeError);
      expect(attempt({decay: tf.zeros([3])})).toThrow(
        'linearRecurrence: decay [3] must be one of [2], [2,4], [2,3,2], [2,3,2,4]',
      );
      expect(attempt({bonus: tf.zeros([2])})).toThrow('bonus [2] must be [2,4], as the keys are [2,3,2,4]');
      expect(attempt({state: tf.zeros([2, 2, 5, 4])})).toThrow('state [2,2,5,4] must be [2,2,4,5]');
      const none = tf.zeros([1, 0, 1, 1]);
      expect(() => linearRecurrence(none, none, none)).toThrow('time at least 1');
    });
  });
});
