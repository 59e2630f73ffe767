import {DataError} from '@variants/core';
import {expect, it} from 'vitest';
import {nucleotideTokenizer as tokenizer} from '../src';

it('has the ids of HyenaDNA, for small letters too', () => {
  expect(tokenizer.encode('ACGTNacgtn')).toEqual([7, 8, 9, 10, 11, 7, 8, 9, 10, 11]);
  expect(tokenizer.encode('A-Z🧬')).toEqual([7, 6, 6, 6]);
});

it('gives text back, all at once or one by one', () => {
  const ids = [0, 7, 8, 9, 10, 11, 6, 1, 12, 15];
  expect(tokenizer.decode(ids)).toBe('[CLS]ACGTN[UNK][SEP]');
  const decoder = tokenizer.decoder();
  expect(ids.map((id) => decoder.push(id)).join('') + decoder.end()).toBe(tokenizer.decode(ids));
});

it('refuses what is no id', () => {
  for (const id of [-1, 16, 0.5]) expect(() => tokenizer.decode([id])).toThrow(DataError);
  expect(() => tokenizer.decode([16])).toThrow(/16 is no id; ids are whole numbers from 0 to 15/);
});
