import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {CheckpointError, DataError, type Tokenizer} from '@variants/core';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {worldTokenizer} from '../src';
import {bytesOfLiteral} from '../src/tokenizer/python-literal';

const encoder = new TextEncoder();

/** A byte string as Python's repr writes it: as text where it is UTF-8. */
function literal(bytes: number[]): string {
  const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`;
  const ascii = (byte: number) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte));
  const escaped = (text: string) => (text === "'" || text === '\\' ? `\\${text}` : text);
  return `b'${bytes.map((byte) => escaped(ascii(byte))).join('')}'`;
}

const line = (id: number, bytes: number[]) => `${id} ${literal(bytes)} ${bytes.length}`;

/** All single bytes, and some longer strings behind them. */
function vocabularyOf(longer: string[]): {text: string; ids: Map<string, number>} {
  const strings = [
    ...Array.from({length: 256}, (_, byte) => [byte]),
    ...new Set(longer.filter((each) => encoder.encode(each).length > 1)),
  ].map((each) => (typeof each === 'string' ? [...encoder.encode(each)] : each));
  const ids = new Map(strings.map((bytes, i) => [bytes.join(), i + 1]));
  return {text: strings.map((bytes, i) => line(i + 1, bytes)).join('\n'), ids};
}

/** The definition: at each place every length is tried, the longest first. */
function bruteForce(text: string, ids: Map<string, number>): number[] {
  const bytes = [...encoder.encode(text)];
  const tokens: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = bytes.length;
    while (!ids.has(bytes.slice(at, end).join())) end--;
    tokens.push(ids.get(bytes.slice(at, end).join()) as number);
    at = end;
  }
  return tokens;
}

const words = fc.string({unit: fc.constantFrom('a', 'b', ' ', "'", '\\', 'é', '€', '🦆'), minLength: 1, maxLength: 5});

describe('worldTokenizer', () => {
  it('takes the longest byte string that fits, and decodes what it encoded, in pieces too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(words, {maxLength: 12}), fc.array(words, {maxLength: 8}), async (longer, texts) => {
        const {text, ids} = vocabularyOf(longer);
        const tokenizer = await worldTokenizer(encoder.encode(text));
        const sentence = texts.join('');
        const tokens = tokenizer.encode(sentence);
        expect(tokens).toEqual(bruteForce(sentence, ids));
        expect(tokenizer.decode(tokens)).toBe(sentence);
        const stream = tokenizer.decoder();
        const pieces = tokens.map((token) => stream.push(token));
        for (const piece of pieces) expect(piece).not.toContain('\ufffd');
        expect(pieces.join('') + stream.end()).toBe(sentence);
        expect(tokenizer.vocabSize).toBe(ids.size + 1);
      }),
      {numRuns: 40},
    );
  });

  describe('with a small vocabulary', () => {
    let tokenizer: Tokenizer;
    beforeAll(async () => {
      tokenizer = await worldTokenizer(encoder.encode("7 'a' 1\n9 \"'\" 1\r\n\n12 '\\u20ac' 3\n13 b'\\xe2\\x82' 2\n"));
    });

    it('has the ids of the file', () => {
      expect(tokenizer.encode("a€'")).toEqual([7, 12, 9]);
      expect(tokenizer.vocabSize).toBe(14);
    });

    it('has no text for the end of a text, and U+FFFD for half a character', () => {
      expect(tokenizer.decode([7, 0])).toBe('a');
      expect(tokenizer.decode([13])).toBe('\ufffd');
    });

    it('says which byte or token it does not have', () => {
      expect(() => tokenizer.encode('ab')).toThrow(DataError);
      expect(() => tokenizer.encode('ab')).toThrow(
        'worldTokenizer: the vocabulary has nothing that begins with byte 98, at byte 1',
      );
      expect(() => tokenizer.decode([8])).toThrow('worldTokenizer: there is no token 8');
    });
  });

  it('reads a file by its path', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'variants-vocabulary-'));
    writeFileSync(join(directory, 'vocabulary.txt'), "1 'a' 1\n");
    expect((await worldTokenizer(join(directory, 'vocabulary.txt'))).encode('aa')).toEqual([1, 1]);
    rmSync(directory, {recursive: true});
    await expect(worldTokenizer(join(directory, 'vocabulary.txt'))).rejects.toThrow(CheckpointError);
  });

  it.each([
    ['', 'vocabulary: holds no lines'],
    ["1 'a' 1\nword", 'vocabulary: line 2: "word" is not an id, a byte string as Python writes it, and its length'],
    ["1 'a' 2", 'vocabulary: line 1: the byte string has 1 bytes, but its length is said to be 2'],
    ["1 'a' 1\n1 'b' 1", 'vocabulary: line 2: the id 1 must be one of its own, from 1 to 16777216'],
    ["0 'a' 1", 'line 1: the id 0 must be one of its own'],
    ["1 __import__('os') 16", 'line 1: "1 __import__(\'os\') 16" is not an id'],
  ])('refuses %j', async (text, message) => {
    const attempt = worldTokenizer(encoder.encode(text));
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('bytesOfLiteral', () => {
  it.each([
    ["'a'", [97]],
    ['"it\'s"', [105, 116, 39, 115]],
    ["'\\n\\t\\\\\\''", [10, 9, 92, 39]],
    ["'\\xe9'", [0xc3, 0xa9]],
    ["b'\\xe9'", [0xe9]],
    ["'\\U0001f986'", [0xf0, 0x9f, 0xa6, 0x86]],
    ["'🦆'", [0xf0, 0x9f, 0xa6, 0x86]],
  ])('reads %s', (text, bytes) => {
    expect([...(bytesOfLiteral(text) ?? [])]).toEqual(bytes);
  });

  it.each([
    "'a",
    'a',
    "'a'b'",
    "'\\q'",
    "'\\x1'",
    "'\\xgg'",
    "b'\\u0041'",
    "b'é€'",
    "'\\ud800'",
    "f'a'",
    "'\\'",
    '""b',
  ])('refuses %s', (text) => {
    expect(bytesOfLiteral(text)).toBeUndefined();
  });
});
