import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {byLength, editDistance, endToken, padToken, readDictionary, split} from '../src/pronunciation';

const entries = {
  ABBE: 'AE1 B IY0',
  'ABBE(1)': 'AE0 B EY1',
  'ABBE(2)': 'AE1 B EY0',
  "ABBE'S": 'AE1 B IY0 Z',
  A42128: 'EY1 F AO1 R',
  'A.': 'EY1',
  BEE: 'B IY1',
};

describe('the dictionary', () => {
  const {words, vocabSize, textOf} = readDictionary(entries);

  it('has words of letters with all that they sound like, without stress', () => {
    expect(words.map(({letters}) => textOf(letters))).toEqual(['ABBE', "ABBE'S", 'BEE']);
    expect(words[0].pronunciations.map(textOf)).toEqual(['AE B IY', 'AE B EY']);
    expect(words[0].letters.at(-1)).toBe(endToken);
    // 27 letters, AE B IY EY Z F AO R, and the two that are neither.
    expect(vocabSize).toBe(2 + 27 + 8);
  });

  it('is split by words, the same way each time', () => {
    const {training, heldOut} = split(words, 1);
    expect([training.length, heldOut.length]).toEqual([2, 1]);
    expect(split(words, 1)).toEqual({training, heldOut});
  });
});

describe('pairs by length', () => {
  const pairs = Array.from({length: 40}, (_, i) => ({
    source: Array<number>(1 + (i % 7)).fill(2 + (i % 5)),
    target: Array<number>(1 + (i % 3)).fill(2),
  }));
  const source = byLength(pairs, 8);
  const batchOf = (step: number, seed = 0) =>
    tf.tidy(() => {
      const {inputs, targets} = source.batch(step, 5, seed);
      return [...inputs, targets].map((tensor) => tensor.arraySync() as number[][]);
    });

  it('come in batches as long as their longest, each pair once in a pass', () => {
    let sources = 0;
    for (let step = 0; step < 8; step++) {
      const [from, , next] = batchOf(step);
      sources += from.length;
      expect(from.some((row) => row.every((id) => id !== padToken))).toBe(true);
      expect(next.some((row) => row.at(-1) === endToken)).toBe(true);
      const lengths = from.map((row) => row.filter((id) => id !== padToken).length);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    }
    expect(sources).toBe(40);
  });

  it('are a function of step and seed alone', () => {
    const first = batchOf(3);
    batchOf(9);
    expect(batchOf(3)).toEqual(first);
    expect(Array.from({length: 8}, (_, step) => batchOf(step, 1))).not.toEqual(
      Array.from({length: 8}, (_, step) => batchOf(step)),
    );
  });
});

describe('the edit distance', () => {
  it.each([
    [[], [], 0],
    [[1, 2, 3], [1, 2, 3], 0],
    [[1, 2, 3], [], 3],
    [[], [1, 2], 2],
    [[1, 2, 3], [1, 3], 1],
    [[1, 3], [1, 2, 3], 1],
    [[1, 2, 3], [4, 2, 5], 2],
    [[1, 2, 3, 4], [2, 3, 4, 5], 2],
  ])('of %j and %j is %i', (from, to, wanted) => {
    expect(editDistance(from, to)).toBe(wanted);
  });
});
