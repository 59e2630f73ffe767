import {expect, test} from 'vitest';
import {oneLine} from '../src/one-line';

test('keeps what is one short line', () => {
  expect(oneLine('books/moby dick.txt')).toBe('books/moby dick.txt');
  expect(oneLine('a'.repeat(200))).toBe('a'.repeat(200));
  expect(oneLine('')).toBe('');
});

test('joins lines and cuts off the rest of a book', () => {
  expect(oneLine('Call me\r\n\n  Ishmael.\u2028Some')).toBe('Call me Ishmael. Some');
  expect(oneLine('a'.repeat(201))).toBe(`${'a'.repeat(200)}…`);
  expect(oneLine('Call me\n'.repeat(100_000))).toMatch(/^(Call me ){25}…$/);
});
