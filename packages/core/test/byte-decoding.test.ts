import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {byteDecoding, byteTokenizer} from '../src/byte-decoding';
import {DataError} from '../src/errors';

describe('byteTokenizer', () => {
  it('gives any text back, as a whole and in pieces', () => {
    fc.assert(
      fc.property(fc.string({unit: 'grapheme'}), (text) => {
        const ids = byteTokenizer.encode(text);
        expect(byteTokenizer.decode(ids)).toBe(text);
        const decoder = byteTokenizer.decoder();
        expect(ids.map((id) => decoder.push(id)).join('') + decoder.end()).toBe(text);
      }),
    );
  });

  it('keeps a byte order mark', () => {
    expect(byteTokenizer.decode(byteTokenizer.encode('\ufeffa'))).toBe('\ufeffa');
  });

  it.each([-1, 256, 0.5])('refuses %s, which is no byte', (token) => {
    expect(() => byteTokenizer.decode([token])).toThrow(DataError);
    expect(() => byteTokenizer.decode([token])).toThrow(`byteTokenizer: ${token} is no byte`);
  });
});

describe('byteDecoding', () => {
  const halves = byteDecoding((token) => Uint8Array.from([[0x61], [0xe2], [0x82, 0xac]][token]));

  it('holds an unfinished character back', () => {
    const decoder = halves.decoder();
    expect([0, 1, 2, 1].map((token) => decoder.push(token))).toEqual(['a', '', '€', '']);
    expect(decoder.end()).toBe('\ufffd');
  });

  it('writes U+FFFD for what is no UTF-8', () => {
    expect(halves.decode([2, 0])).toBe('\ufffd\ufffda');
  });
});
