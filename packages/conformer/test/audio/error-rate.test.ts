import {DataError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {characterErrorRate, wordErrorRate} from '../../src/audio/error-rate';

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
