import {Tokenizer} from '@huggingface/tokenizers';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {huggingFaceTokenizer} from '../src/hugging-face-tokenizer';

/** The characters that byte-level tokenizers write the 256 bytes with: printable ones as they are, others from U+0100 on. */
function byteCharacters(): string[] {
  const isPlain = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 0x100;
  return Array.from({length: 256}, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
}

const bytes = byteCharacters();
const merges: [string, string][] = [
  ['t', 'h'],
  ['th', 'e'],
  [bytes[0x20], 'the'],
  [bytes[0xf0], bytes[0x9f]],
];
const tokens = [...bytes, ...merges.map((pair) => pair.join(''))];
const end = tokens.length;

/** A tokenizer.json with byte-level byte pair encoding, as GPT-2's and GPT-NeoX's, and one special token. */
const file = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [
    {id: end, content: '<|end|>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true},
  ],
  normalizer: null,
  pre_tokenizer: {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true},
  post_processor: {
    type: 'TemplateProcessing',
    single: [{Sequence: {id: 'A', type_id: 0}}, {SpecialToken: {id: '<|end|>', type_id: 0}}],
    pair: [],
    special_tokens: {'<|end|>': {id: '<|end|>', ids: [end], tokens: ['<|end|>']}},
  },
  decoder: {type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true},
  model: {
    ...{type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null},
    ...{fuse_unk: false, byte_fallback: false},
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  },
};
const tokenizer = huggingFaceTokenizer(new Tokenizer(file, {}));

function streamed(ids: readonly number[]): string[] {
  const decoder = tokenizer.decoder();
  return [...ids.map((id) => decoder.push(id)), decoder.end()];
}

describe('huggingFaceTokenizer', () => {
  it('counts special tokens, and adds them only when asked to', () => {
    expect(tokenizer.vocabSize).toBe(end + 1);
    expect(tokenizer.encode('a the')).toEqual([97, tokens.indexOf(`${bytes[0x20]}the`)]);
    expect(huggingFaceTokenizer(new Tokenizer(file, {}), {addSpecialTokens: true}).encode('a')).toEqual([97, end]);
  });

  it('gives the text back, as a whole and in pieces', () => {
    const text = fc.string({unit: 'grapheme', maxLength: 12});
    fc.assert(
      fc.property(text, (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(streamed(ids).join('')).toBe(text);
      }),
    );
  });

  it('never splits a character, and says what is unfinished at the end', () => {
    const ids = tokenizer.encode('é🐳!');
    expect(streamed(ids)).toEqual(['', 'é', '', '', '🐳', '!', '']);
    expect(streamed(ids.slice(0, 1))).toEqual(['', '\ufffd']);
    expect(tokenizer.decode([])).toBe('');
    expect(streamed([])).toEqual(['']);
  });

  it('leaves special tokens out', () => {
    expect(tokenizer.decode([97, end, 98])).toBe('ab');
    expect(streamed([97, end, 98])).toEqual(['a', '', 'b', '']);
  });

  it('goes on after a character that is U+FFFD itself', () => {
    expect(streamed(tokenizer.encode('\ufffdab')).join('')).toBe('\ufffdab');
  });
});
