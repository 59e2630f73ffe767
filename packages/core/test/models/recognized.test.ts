import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {editDistance} from '../../src/models/recognized';

/** The definition, by all ways to treat the last items. */
function byDefinition(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  const replaced = byDefinition(restA, restB) + Number(a[0] !== b[0]);
  return Math.min(replaced, byDefinition(restA, b) + 1, byDefinition(a, restB) + 1);
}

describe('editDistance', () => {
  it('is the fewest changes', () => {
    const list = fc.array(fc.nat(2), {maxLength: 5});
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(editDistance(a, b)).toBe(byDefinition(a, b));
      }),
      {numRuns: 100},
    );
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
