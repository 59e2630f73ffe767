import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {editDistance, labelsOfPath} from '../../src/models/recognized';

describe('labelsOfPath', () => {
  it('merges repeats and drops blanks, in this order', () => {
    expect(labelsOfPath([0, 1, 1, 0, 1, 2, 2, 0, 0], 0)).toEqual([1, 1, 2]);
    expect(labelsOfPath([3, 3, 1, 3, 1], 3)).toEqual([1, 1]);
    expect(labelsOfPath([], 0)).toEqual([]);
    expect(labelsOfPath([0, 0], 0)).toEqual([]);
  });
});

/** By the definition: the least of all ways to end. */
function distanceOneByOne(from: number[], to: number[]): number {
  if (from.length === 0 || to.length === 0) return from.length + to.length;
  const [a, b] = [from.slice(0, -1), to.slice(0, -1)];
  const replaced = distanceOneByOne(a, b) + Number(from[from.length - 1] !== to[to.length - 1]);
  return Math.min(replaced, distanceOneByOne(a, to) + 1, distanceOneByOne(from, b) + 1);
}

describe('editDistance', () => {
  it('is the least number of changes', () => {
    const labels = fc.array(fc.integer({min: 0, max: 2}), {maxLength: 5});
    fc.assert(
      fc.property(labels, labels, (from, to) => {
        expect(editDistance(from, to)).toBe(distanceOneByOne(from, to));
      }),
      {numRuns: 60},
    );
  });
});
