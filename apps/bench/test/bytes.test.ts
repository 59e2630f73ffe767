import {expect, it} from 'vitest';
import {byteUnit, formatBytes} from '../src/bytes';

it.each([
  [0, '0 B'],
  [1, '1 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [25_293, '24.7 KiB'],
  [1024 ** 2, '1.0 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [1024 ** 4, '1024.0 GiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('a unit has its size', () => {
  expect(byteUnit(5000)).toEqual({name: 'KiB', size: 1024, digits: 1});
});
