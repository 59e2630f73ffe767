import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {ShapeError} from '../../src/errors';
import {appendRows} from '../../src/kernels/append-rows';
import {Random} from '../../src/random';
import {checkKernel, normalPlain} from './gradient-check';

afterAll(() => tf.setBackend('cpu'));

interface Case {
  groups: number[];
  capacity: number;
  time: number;
  width: number;
  length: number;
  seed: number;
}

const cases = fc.record<Case>({
  groups: fc.array(fc.integer({min: 1, max: 3}), {maxLength: 2}),
  capacity: fc.integer({min: 1, max: 9}),
  time: fc.integer({min: 1, max: 5}),
  width: fc.integer({min: 1, max: 6}),
  length: fc.nat(11),
  seed: fc.nat(),
});

function inputsOf({groups, capacity, time, width, seed}: Case): {buffer: tf.Tensor; rows: tf.Tensor} {
  const random = new Random(seed, 'rows');
  const draw = (shape: number[]) =>
    tf.tensor(
      Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
      shape,
    );
  return {buffer: draw([...groups, capacity, width]), rows: draw([...groups, time, width])};
}

describe('appendRows', () => {
  it.each(['cpu', 'simd'])('writes each row behind those that are there, if there is room, on %s', async (backend) => {
    await tf.setBackend(backend);
    fc.assert(
      fc.property(cases, (c) =>
        tf.tidy(() => {
          const {buffer, rows} = inputsOf(c);
          const [before, added] = [buffer.dataSync().slice(), rows.dataSync()];
          const wanted = before.map((value, i) => {
            const row = Math.floor(i / c.width) % c.capacity;
            const group = Math.floor(i / (c.width * c.capacity));
            const from = row - c.length;
            return from < 0 || from >= c.time ? value : added[(group * c.time + from) * c.width + (i % c.width)];
          });
          const result = appendRows(buffer, rows, tf.scalar(c.length, 'int32'));
          expect(result.shape).toEqual(buffer.shape);
          expect(result.dataSync()).toEqual(wanted);
        }),
      ),
      {numRuns: 60},
    );
  });

  it.each(['cpu', 'simd'])('has the gradient of what stands where afterwards, on %s', async (backend) => {
    await tf.setBackend(backend);
    fc.assert(
      fc.property(cases, ({groups, capacity, time, width, length, seed}) => {
        const inputs = {
          buffer: normalPlain([...groups, capacity, width], seed, 'buffer'),
          rows: normalPlain([...groups, time, width], seed, 'rows'),
          length: {shape: [], data: [length]},
        };
        checkKernel({
          inputs,
          integers: ['length'],
          op: ({buffer, rows, length}) => [appendRows(buffer, rows, length as tf.Scalar)],
          definition: ({buffer, rows}) => [
            buffer.data.map((value, i) => {
              const from = (Math.floor(i / width) % capacity) - length;
              const group = Math.floor(i / (width * capacity));
              return from < 0 || from >= time ? value : rows.data[(group * time + from) * width + (i % width)];
            }),
          ],
        });
      }),
      {numRuns: 20},
    );
  });

  it('writes into the memory of the buffer on the engine, but not where somebody else has a share in it', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const buffer = tf.zeros([3, 2]);
      const row = tf.ones([1, 2]);
      const first = appendRows(buffer, row, tf.scalar(0, 'int32'));
      expect(first.dataId).toBe(buffer.dataId);
      buffer.dispose();
      const shared = first.clone();
      const second = appendRows(first, row.mul(2), tf.scalar(1, 'int32'));
      expect([...shared.dataSync()]).toEqual([1, 1, 0, 0, 0, 0]);
      expect([...second.dataSync()]).toEqual([1, 1, 2, 2, 0, 0]);
    });
  });

  it('says which shapes do not go together', () => {
    tf.tidy(() => {
      const length = tf.scalar(0, 'int32');
      expect(() => appendRows(tf.zeros([2, 3, 4]), tf.zeros([2, 1, 5]), length)).toThrow(ShapeError);
      expect(() => appendRows(tf.zeros([2, 3, 4]), tf.zeros([1, 4]), length)).toThrow(
        'appendRows: rows [1,4] must have the shape of the buffer [2,3,4] but for the last axis but one',
      );
    });
  });
});
