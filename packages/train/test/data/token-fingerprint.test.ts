import {byteTokenizer} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {textWindows} from '../../src/data/text-windows';
import {tokenFingerprint} from '../../src/data/token-fingerprint';
import type {TokenArray} from '../../src/data/token-ids';
import {orderedWindows, randomWindows} from '../../src/data/token-windows';

/** FNV-1a by its definition, in whole numbers without end. */
function fnv(bytes: Uint8Array): string {
  const hash = bytes.reduce((sum, byte) => ((sum ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn, 0x811c9dc5n);
  return hash.toString(16).padStart(8, '0');
}

describe('tokenFingerprint', () => {
  test('is FNV-1a over the four bytes of each token', () => {
    const list = fc.array(fc.integer({min: 0, max: 2 ** 32 - 1}), {maxLength: 20});
    fc.assert(
      fc.property(list, (tokens) => {
        const littleEndian = new DataView(new ArrayBuffer(4 * tokens.length));
        for (const [i, token] of tokens.entries()) littleEndian.setUint32(4 * i, token, true);
        const hash = fnv(new Uint8Array(littleEndian.buffer));
        expect(tokenFingerprint(Uint32Array.from(tokens))).toBe(`${tokens.length} tokens, FNV-1a ${hash}`);
      }),
      {numRuns: 50},
    );
  });

  test('is so with the published vectors, "" and "foobar"', () => {
    expect(tokenFingerprint(new Int32Array())).toBe('0 tokens, FNV-1a 811c9dc5');
    expect(fnv(Uint8Array.from(byteTokenizer.encode('foobar')))).toBe('bf9cf968');
  });

  test('depends on no type of array, but on every token and their order', () => {
    const of = (tokens: TokenArray) => tokenFingerprint(tokens);
    expect(of(Uint8Array.of(1, 2, 3))).toBe(of(Int32Array.of(1, 2, 3)));
    const others = [
      [1, 3, 2],
      [1, 2],
      [1, 2, 3, 0],
      [0, 1, 2, 3],
      [257, 2, 3],
      [1, 2, 65539],
    ];
    expect(new Set([[1, 2, 3], ...others].map((tokens) => of(Int32Array.from(tokens)))).size).toBe(7);
  });
});

describe('windows', () => {
  test('have that of their tokens, computed when asked and once', () => {
    const tokens = Uint8Array.of(1, 2, 3, 4);
    for (const windows of [randomWindows, orderedWindows]) {
      let reads = 0;
      const watched = new Proxy(tokens, {
        get(target, key) {
          if (key === Symbol.iterator) reads++;
          const value = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const source = windows(watched, {sequenceLength: 2, vocabSize: 9});
      expect(reads).toBe(0);
      expect(source.fingerprint?.()).toBe(tokenFingerprint(tokens));
      expect(source.fingerprint?.()).toBe(tokenFingerprint(tokens));
      expect(reads).toBe(1);
    }
  });

  test('over other texts have others, training and validation too', () => {
    const fingerprints = ['a', 'b'].flatMap((letter) => {
      const {training, validation} = textWindows(letter.repeat(100), {sequenceLength: 4});
      return [training, validation].map((source) => source.fingerprint?.());
    });
    expect(new Set(fingerprints).size).toBe(4);
  });
});
