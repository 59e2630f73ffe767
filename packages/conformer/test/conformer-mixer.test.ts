import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type ConformerMixerMemory, ops} from '../src';

// REPLACE: the definition by the mixer's own; what is said of pieces and padding holds for every mixer.

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 13}),
  valueSize: fc.integer({min: 1, max: 5}),
  seed: fc.nat(),
});
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

function valuesOf({batch, time, valueSize, seed}: Shape): tf.Tensor {
  const random = new Random(seed, 'conformer');
  const shape = [batch, time, valueSize];
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** o_t = Σ_{s <= t} v_s / t, position by position in double precision. */
function bruteForce(v: tf.Tensor): tf.Tensor {
  const output = (v.arraySync() as number[][][]).map((row) =>
    row.map((_, t) => row[t].map((_, i) => row.slice(0, t + 1).reduce((sum, value) => sum + value[i], 0) / (t + 1))),
  );
  return tf.tensor(output, v.shape);
}

describe('conformerMixer', () => {
  it('is its definition', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        tf.tidy(() => {
          const v = valuesOf(shape);
          expect(distance(ops.conformerMixer(v, null, null).output, bruteForce(v))).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 30},
    );
  });

  it('streams the same in any pieces, and remembers the same', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.integer({min: 1, max: 6}), {minLength: 1}), (shape, lengths) => {
        tf.tidy(() => {
          const v = valuesOf(shape);
          const whole = ops.conformerMixer(v, null, null);
          let memory: ConformerMixerMemory | null = null;
          const outputs: tf.Tensor[] = [];
          for (let start = 0, i = 0; start < shape.time; i++) {
            const length = Math.min(lengths[i % lengths.length], shape.time - start);
            const piece = ops.conformerMixer(v.slice([0, start, 0], [-1, length, -1]), null, memory);
            outputs.push(piece.output);
            memory = piece.memory;
            start += length;
          }
          expect(distance(tf.concat(outputs, 1), whole.output)).toBeLessThan(1e-5);
          const {sum, count} = memory as unknown as ConformerMixerMemory;
          expect(distance(sum, whole.memory.sum)).toBeLessThan(1e-5);
          expect(distance(count, whole.memory.count)).toBe(0);
        });
      }),
      {numRuns: 30},
    );
  });

  it('sees no padding', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 4}), (shape, padding) => {
        tf.tidy(() => {
          const {batch, time} = shape;
          const v = valuesOf(shape);
          const noise = tf.fill([batch, padding, shape.valueSize], 7);
          const m = tf.concat([tf.zeros([batch, padding, 1]), tf.ones([batch, time, 1])], 1);
          const padded = ops.conformerMixer(tf.concat([noise, v], 1), m, null);
          const alone = ops.conformerMixer(v, null, null);
          expect(distance(padded.output.slice([0, padding, 0]), alone.output)).toBeLessThan(1e-5);
          expect(distance(padded.memory.sum, alone.memory.sum)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 30},
    );
  });
});
