import {DataError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {characterErrorRate, editDistance, wordErrorRate} from '../../src/audio/error-rate';

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

describe('wordErrorRate and characterErrorRate', () => {
  it('count over all texts together', () => {
    expect(wordErrorRate('one  two three', 'one two')).toBe(0.5);
    expect(wordErrorRate(['one', 'two two'], ['one one one', ' two'])).toBe(3 / 4);
    expect(characterErrorRate('hallo', 'hello')).toBe(0.2);
    expect(characterErrorRate('a  b', 'a b')).toBe(0);
    expect(characterErrorRate('😀', '😁')).toBe(1);
    expect(wordErrorRate('One.', 'one')).toBe(1);
  });

  it('of silence is no number, and of what was heard in it infinite', () => {
    expect(wordErrorRate('', '')).toBeNaN();
    expect(wordErrorRate('one', ' ')).toBe(Infinity);
  });

  it('refuse what are no texts', () => {
    expect(() => wordErrorRate(['a'], ['a', 'b'])).toThrow(DataError);
    expect(() => wordErrorRate([1] as unknown as string[], ['a'])).toThrow(/recognized must be a text/);
  });
});
