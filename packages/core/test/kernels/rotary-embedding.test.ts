import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type RotaryPairing, rotaryEmbedding, rotaryFrequencies, rotaryTables} from '../../src/kernels/rotary-embedding';
import {rotaryEmbeddingReference} from '../../src/kernels/rotary-embedding/reference';
import {checkKernel, expectClose, normalPlain, type Plain, rowsOf} from './gradient-check';

const pairings: RotaryPairing[] = ['interleaved', 'halves'];
const frequenciesOf = (size: number) => Array.from({length: size / 2}, (_, i) => 10000 ** ((-2 * i) / size));

/** x [..., time, size] turned as complex numbers, row t by the angles positions[t] · frequencies. */
function definition(x: Plain, positions: number[], pairing: RotaryPairing): number[] {
  const size = x.shape[x.shape.length - 1];
  const frequencies = frequenciesOf(size);
  return rowsOf(x).flatMap((row, r) => {
    const turned = [...row];
    frequencies.forEach((frequency, i) => {
      const [a, b] = pairing === 'interleaved' ? [2 * i, 2 * i + 1] : [i, i + size / 2];
      const angle = positions[r % positions.length] * frequency;
      turned[a] = row[a] * Math.cos(angle) - row[b] * Math.sin(angle);
      turned[b] = row[a] * Math.sin(angle) + row[b] * Math.cos(angle);
    });
    return turned;
  });
}

function check(x: Plain, start: number, pairing: RotaryPairing) {
  const time = x.shape[x.shape.length - 2];
  const positions = Array.from({length: time}, (_, t) => start + t);
  const tables = () => rotaryTables(positions, frequenciesOf(x.shape[x.shape.length - 1]));
  checkKernel({
    inputs: {x},
    op: (inputs) => [rotaryEmbedding(inputs.x, tables(), pairing)],
    reference: (inputs) => [rotaryEmbeddingReference(inputs.x, tables().cos, tables().sin, pairing)],
    definition: (inputs) => [definition(inputs.x, positions, pairing)],
    outputTolerance: 1e-6,
    gradientTolerance: 1e-6,
  });
}

describe('rotaryEmbedding', () => {
  it('and its gradient are what the definition gives, for any shape, position and pairing', () => {
    const size = fc.integer({min: 1, max: 4});
    fc.assert(
      fc.property(
        fc.array(size, {maxLength: 2}),
        size,
        size,
        fc.integer({min: 0, max: 100000}),
        fc.constantFrom(...pairings),
        fc.nat(),
        (leading, time, half, start, pairing, seed) =>
          check(normalPlain([...leading, time, 2 * half], seed, 'x'), start, pairing),
      ),
      {numRuns: 25},
    );
  });

  it.each(pairings)('makes products depend on the distance of positions alone, %s', (pairing) => {
    tf.tidy(() => {
      const at = (x: tf.Tensor, position: number) =>
        rotaryEmbedding(x, rotaryTables([position], frequenciesOf(8)), pairing);
      const [q, k] = ['q', 'k'].map((name) => tf.tensor(normalPlain([1, 8], 3, name).data, [1, 8]));
      const product = (n: number, m: number) => tf.matMul(at(q, n), at(k, m), false, true).dataSync()[0];
      expect(product(7, 3)).toBeCloseTo(product(1004, 1000), 5);
      expect(Math.abs(product(7, 3) - product(7, 4))).toBeGreaterThan(1e-3);
    });
  });

  it('takes tables with positions of each row of a batch', () => {
    tf.tidy(() => {
      const x = normalPlain([2, 3, 1, 4], 5, 'x');
      const {cos, sin} = rotaryTables([5, 9], frequenciesOf(4));
      const tables = {cos: cos.reshape([2, 1, 1, 2]), sin: sin.reshape([2, 1, 1, 2])};
      const y = rotaryEmbedding(tf.tensor(x.data, x.shape), tables);
      const half = x.data.length / 2;
      const ofRow = (row: number, position: number) =>
        definition({shape: [3, 1, 4], data: x.data.slice(row * half, (row + 1) * half)}, [position], 'interleaved');
      expectClose(y.dataSync(), [...ofRow(0, 5), ...ofRow(1, 9)], 1e-6, 'output');
    });
  });

  it('refuses sizes that do not go together', () => {
    tf.tidy(() => {
      const tables = rotaryTables([0, 1], [1, 0.1]);
      expect(() => rotaryEmbedding(tf.zeros([2, 5]), tables)).toThrow(ShapeError);
      expect(() => rotaryEmbedding(tf.zeros([2, 5]), tables)).toThrow(/\[2,5\].*even/);
      expect(() => rotaryEmbedding(tf.zeros([2, 8]), tables)).toThrow(/\[2,8\].*\[2,2\]/);
    });
  });
});

describe('rotaryTables', () => {
  it('is exact to float32 at positions of a million', () => {
    tf.tidy(() => {
      const {cos, sin} = rotaryTables([1e6, 1e6 + 1], [1, 0.37]);
      const angles = [1e6, 0.37e6, 1e6 + 1, 0.37 * (1e6 + 1)];
      expectClose(cos.dataSync(), angles.map(Math.cos).map(Math.fround), 0, 'cos');
      expectClose(sin.dataSync(), angles.map(Math.sin).map(Math.fround), 0, 'sin');
    });
  });
});

describe('rotaryFrequencies', () => {
  it('fall from 1 by base^(-2i/size)', () => {
    expect(rotaryFrequencies(4, 100)).toEqual([1, 0.1]);
    expect(rotaryFrequencies(8)).toEqual(frequenciesOf(8));
    expect(rotaryFrequencies(2, 5)).toEqual([1]);
  });
});
