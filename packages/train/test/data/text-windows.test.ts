import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, ConfigError, DataError, type Tokenizer} from '@variants/core';
import {describe, expect, test} from 'vitest';
import {eachBatch} from '../../src/data/batch-source';
import {textWindows} from '../../src/data/text-windows';
import type {TokenIds} from '../../src/data/token-ids';
import {randomWindows} from '../../src/data/token-windows';

const text = Array.from({length: 200}, (_, i) => `Line ${i} of a text – of some length.\n`).join('');
/** Two letters a token, to have a tokenizer that is not bytes. */
const pairs: Tokenizer = {
  ...byteTokenizer,
  vocabSize: 65536,
  encode: (text) => (text.match(/..?/gs) ?? []).map((pair) => pair.charCodeAt(0) % 256),
};

describe('text', () => {
  test('training and validation share no part of it', () => {
    const {training, validation} = textWindows(text, {sequenceLength: 16});
    const decode = (tokens: Iterable<number>) => byteTokenizer.decode(Array.from(tokens));
    expect(decode(training.tokens) + decode(validation.tokens)).toBe(text);
  });

  test('windows are of bytes unless told otherwise', () => {
    const {training, validation} = textWindows(text, {sequenceLength: 16});
    expect(training).toMatchObject({vocabSize: 256, tokensPerExample: 16, numExamples: Infinity, bytesPerToken: 1});
    expect(validation.numExamples).toBe(Math.floor((validation.tokens.length - 1) / 16));
    const {inputs, targets} = training.batch(0, 3, 1);
    const shown = byteTokenizer.decode([...inputs.dataSync().subarray(0, 16), targets.dataSync()[15]]);
    expect(text).toContain(shown.replaceAll('\ufffd', ''));
    tf.dispose([inputs, targets]);
  });

  test('another tokenizer counts its own tokens and their bytes', () => {
    const {training} = textWindows(text, {sequenceLength: 16, tokenizer: pairs, validationFraction: 0.5});
    expect(training.vocabSize).toBe(65536);
    expect(training.bytesPerToken).toBeCloseTo(2, 0);
    expect(training.tokens.length).toBeLessThan(text.length / 3);
  });

  test('two parts are taken as they are', () => {
    const {training, validation} = textWindows({training: 'aaaaa', validation: 'bbb'}, {sequenceLength: 2});
    expect([...training.tokens]).toEqual([97, 97, 97, 97, 97]);
    expect([...validation.tokens]).toEqual([98, 98, 98]);
  });
});

describe('token arrays', () => {
  test('evenly spread stretches are held out, each place on one side', () => {
    const tokens = Int32Array.from({length: 200_000}, (_, i) => i);
    const {training, validation} = textWindows(tokens, {sequenceLength: 8, validationFraction: 0.2});
    expect(validation.tokens.length / tokens.length).toBeCloseTo(0.2, 4);
    const sorted = Int32Array.from([...training.tokens, ...validation.tokens]).sort();
    expect(sorted.findIndex((token, i) => token !== i)).toBe(-1);
    expect(sorted.length).toBe(tokens.length);
    const starts = Array.from(validation.tokens).filter((token, i, all) => token !== all[i - 1] + 1);
    expect(starts).toHaveLength(4);
    expect(training.vocabSize).toBe(200_000);
  });

  test('are refused above a given vocabSize', () => {
    expect(() => textWindows(Uint16Array.of(1, 2, 300), {sequenceLength: 1, vocabSize: 256})).toThrow(
      'textWindows: token 300 at place 2; allowed: a whole number from 0 to 255',
    );
    expect(textWindows(new Uint16Array(90), {sequenceLength: 4, vocabSize: 256}).validation.vocabSize).toBe(256);
  });
});

describe('too short', () => {
  test('says how long each part is and must be', () => {
    expect(() => textWindows('a'.repeat(100), {sequenceLength: 16})).toThrow(
      new DataError(
        'textWindows: the validation part has 10 tokens; sequenceLength 16 needs 17, about 170 in all: give a longer text or a smaller sequenceLength',
      ),
    );
    expect(() => textWindows('a'.repeat(10), {sequenceLength: 16})).toThrow(
      'the training part has 9 tokens; sequenceLength 16 needs 17, about 19 in all',
    );
    expect(() => textWindows('', {sequenceLength: 1})).toThrow('the training part has 0 tokens');
    expect(() => textWindows({training: 'abc', validation: 'a'}, {sequenceLength: 2})).toThrow(
      'the validation part has 1 tokens; sequenceLength 2 needs 3: give a longer text',
    );
  });

  test('just long enough will do', () => {
    const {training, validation} = textWindows('abcd', {sequenceLength: 1, validationFraction: 0.5});
    expect([training.tokens.length, validation.numExamples]).toEqual([2, 1]);
    for (const {inputs} of eachBatch(validation, {batchSize: 4})) expect(inputs.arraySync()).toEqual([[99]]);
  });

  test('impossible options', () => {
    expect(() => textWindows(text, {sequenceLength: 2.5})).toThrow(ConfigError);
    expect(() => textWindows(text, {sequenceLength: 2, validationFraction: 1})).toThrow(ConfigError);
    expect(() => textWindows(new Uint8Array(99), {sequenceLength: 2, validationFraction: 0})).toThrow(ConfigError);
  });
});

describe('token ids in an array', () => {
  const ids = Array.from({length: 500}, (_, i) => i % 20);
  const options = {sequenceLength: 8};
  const tokensOf = ({training, validation}: ReturnType<typeof textWindows>) =>
    [training, validation].map(({tokens, vocabSize}) => [Array.from(tokens), vocabSize]);

  test.each<[string, TokenIds]>([
    ['an Int32Array', Int32Array.from(ids)],
    ['a Uint8ClampedArray', Uint8ClampedArray.from(ids)],
    ['a Float32Array', Float32Array.from(ids)],
    ['a BigInt64Array', BigInt64Array.from(ids.map(BigInt))],
  ])('give the windows of %s, whole or in two parts', (_, typed) => {
    expect(tokensOf(textWindows(ids, options))).toEqual(tokensOf(textWindows(typed, options)));
    const parts = textWindows({training: ids, validation: typed}, options);
    expect(tokensOf(parts)).toEqual([
      [ids, 20],
      [ids, 20],
    ]);
    expect(Array.from(randomWindows(typed, options).tokens)).toEqual(ids);
  });

  test('in one part know the greatest of both, and are refused where they are none', () => {
    const parts = textWindows({training: ids, validation: ids.map((id) => id + 1)}, options);
    expect([parts.training.vocabSize, parts.validation.vocabSize]).toEqual([21, 21]);
    const wrong = [0.5, -1, Number.NaN, 2 ** 31, '7', null];
    for (const id of wrong)
      expect(() => textWindows([...ids, id as number], options)).toThrow(
        /^textWindows: token \S+ at place 500; allowed/,
      );
  });

  test.each<[string, unknown, string]>([
    ['a promise', Promise.resolve('text'), 'textWindows: the text is a promise, which must be awaited first'],
    ['nothing', undefined, 'textWindows: the text is undefined, but must be a text, token ids'],
    ['half', {training: 'a'}, 'textWindows: the text is {"training":"a"}, but must be'],
    ['a part that is none', {training: 'a', validation: 7}, 'textWindows: a part of the text is 7, but must be'],
  ])('are not %s', (_, source, message) => {
    expect(() => textWindows(source as string, options)).toThrow(message);
  });
});
