import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {ShapeError} from '../../src/errors';
import {appendRows} from '../../src/kernels/append-rows';
import {ringInOrder, writeRing} from '../../src/kernels/ring';

afterAll(() => tf.setBackend('cpu'));

const cases = fc
  .record({
    groups: fc.array(fc.integer({min: 1, max: 3}), {maxLength: 2}),
    capacity: fc.integer({min: 1, max: 7}),
    width: fc.integer({min: 1, max: 5}),
    kept: fc.nat(6),
    pieces: fc.array(fc.integer({min: 1, max: 12}), {minLength: 1, maxLength: 6}),
  })
  .map((c) => ({...c, kept: Math.min(c.kept, c.capacity - 1)}));

/** Value i of row p of a group's stream: different from all others. */
const storedAt = (group: number, p: number, i: number) => 1000 * group + 10 * p + i + 1;

describe.each(['cpu', 'simd'])('writeRing on %s', (backend) => {
  it('holds the first rows of a stream and its last ones, in whichever pieces it comes', async () => {
    await tf.setBackend(backend);
    fc.assert(
      fc.property(cases, ({groups, capacity, width, kept, pieces}) =>
        tf.tidy(() => {
          const count = tf.util.sizeFromShape(groups);
          const fill = (rows: number, row: (slot: number) => number | null) =>
            Array.from({length: count}, (_, group) =>
              Array.from({length: rows}, (_, slot) => {
                const p = row(slot);
                return Array.from({length: width}, (_, i) => (p === null ? 0 : storedAt(group, p, i)));
              }),
            ).flat(2);
          let buffer: tf.Tensor = tf.zeros([...groups, capacity, width]);
          let length = 0;
          for (const time of pieces) {
            const rows = tf.tensor(
              fill(time, (t) => length + t),
              [...groups, time, width],
            );
            buffer = writeRing(buffer, rows, tf.scalar(length, 'int32'), kept);
            length += time;
          }
          const places: (number | null)[] = Array(capacity).fill(null);
          const ring = capacity - kept;
          for (let p = 0; p < length; p++) places[p < capacity ? p : kept + ((p - kept) % ring)] = p;
          expect(buffer.shape).toEqual([...groups, capacity, width]);
          expect([...buffer.dataSync()]).toEqual(fill(capacity, (slot) => places[slot]));

          const inOrder = (slot: number) => (slot < kept || length <= capacity ? slot : length - capacity + slot);
          const ordered = ringInOrder(buffer, tf.scalar(length, 'int32'), kept);
          expect([...ordered.dataSync()]).toEqual(fill(capacity, (slot) => (slot < length ? inOrder(slot) : null)));
        }),
      ),
      {numRuns: 60},
    );
  });

  it('is appendRows while there is room, whatever is kept', async () => {
    await tf.setBackend(backend);
    tf.tidy(() => {
      const rows = tf.range(1, 7).reshape([3, 2]);
      for (const kept of [0, 2, 5, 9]) {
        const length = tf.scalar(1, 'int32');
        const appended = appendRows(tf.zeros([4, 2]), rows, length).dataSync();
        expect(writeRing(tf.zeros([4, 2]), rows, length, kept).dataSync()).toEqual(appended);
      }
    });
  });
});

describe('writeRing', () => {
  it('writes into the memory of the buffer on the engine, but not where somebody else has a share in it', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const buffer = tf.zeros([2, 1]);
      const first = writeRing(buffer, tf.ones([1, 1]), tf.scalar(2, 'int32'));
      expect(first.dataId).toBe(buffer.dataId);
      buffer.dispose();
      const shared = first.clone();
      const second = writeRing(first, tf.fill([1, 1], 2), tf.scalar(4, 'int32'));
      expect([...shared.dataSync()]).toEqual([1, 0]);
      expect([...second.dataSync()]).toEqual([2, 0]);
    });
  });

  it('says which shapes do not go together', () => {
    tf.tidy(() => {
      const length = tf.scalar(0, 'int32');
      expect(() => writeRing(tf.zeros([2, 3, 4]), tf.zeros([2, 1, 5]), length)).toThrow(
        new ShapeError(
          'writeRing: rows [2,1,5] must have the shape of the buffer [2,3,4] but for the last axis but one',
        ),
      );
    });
  });
});
