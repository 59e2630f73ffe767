import {DataError, requireArgument, type Tokenizer} from '@variants/core';

/** The names of the ids, as HyenaDNA's tokenizer has them. */
const names = ['[CLS]', '[SEP]', '[BOS]', '[MASK]', '[PAD]', '[RESERVED]', '[UNK]', 'A', 'C', 'G', 'T', 'N'];
const unknown = names.indexOf('[UNK]');

/** The models fill their vocabulary up to a multiple of 8: the last four ids stand for nothing, and are never drawn. */
const vocabSize = 16;

function nameOf(token: number): string {
  if (Number.isInteger(token) && token >= 0 && token < vocabSize) return names[token] ?? '';
  throw new DataError(`nucleotideTokenizer: ${token} is no id; ids are whole numbers from 0 to ${vocabSize - 1}`);
}

/**
 * HyenaDNA's ids of nucleotides: A 7, C 8, G 9, T 10, N 11, in small letters too; [UNK] 6 for every other character. Ids
 * below 7 are the marks [CLS], [SEP], [BOS], [MASK], [PAD], [RESERVED] and [UNK], which stand in the text as such.
 */
export const nucleotideTokenizer: Tokenizer = {
  vocabSize,
  encode(text) {
    requireArgument('nucleotideTokenizer', 'the text', text, typeof text === 'string', 'a text', DataError);
    return Array.from(text, (letter) => {
      const id = names.indexOf(letter.toUpperCase());
      return id < 0 ? unknown : id;
    });
  },
  isToken: (token) => names[token] !== undefined,
  decode: (tokens) => tokens.map(nameOf).join(''),
  decoder: () => ({push: nameOf, end: () => ''}),
};
