import {describe, expect, it} from 'vitest';
import {ConfigError} from '../../src/errors';
import {fields, resolveFields} from '../../src/models/config';

const messageFor = (size: unknown): string => {
  try {
    resolveFields('model', {size: fields.count()}, {size});
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'no error';
};

describe('the message about a field', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['7', 7n],
    ['true', true],
    ['"two\\nlines"', 'two\nlines'],
    ['[1,"2"]', [1, '2']],
    ['a function', () => 'two\nlines'],
    ['an object that contains itself', circular],
  ])('shows %s', (shown, size) => {
    expect(messageFor(size)).toBe(`model: size is ${shown}, but must be a whole number of at least 1`);
  });

  it('cuts off what is long', () => {
    const message = messageFor(Array.from({length: 1000}, (_, i) => i));
    expect(message).toMatch(/^model: size is \[0,1,2,.{93}…, but must be/);
  });
});
