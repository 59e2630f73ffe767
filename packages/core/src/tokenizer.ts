import {byteDecoding} from './byte-decoding';
import {DataError} from './errors';

/** Text to token ids and back. */
export interface Tokenizer {
  /** The number of different ids: every id is below it. */
  readonly vocabSize: number;
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
  /** A decoder for ids that arrive one by one: it holds back the bytes of an unfinished character. */
  decoder(): StreamDecoder;
}

/** Decodes ids as they come, never splitting a character. */
export interface StreamDecoder {
  /** The text that `token` completes, often one character, '' while a character is unfinished. */
  push(token: number): string;
  /** What is still held back, an unfinished character as U+FFFD. */
  end(): string;
}

/** One id per byte of the UTF-8 text: 256 ids, no vocabulary file. */
export const byteTokenizer: Tokenizer = {
  vocabSize: 256,
  encode: (text) => Array.from(new TextEncoder().encode(text)),
  ...byteDecoding((token) => {
    if (Number.isInteger(token) && token >= 0 && token < 256) return Uint8Array.of(token);
    throw new DataError(`byteTokenizer: ${token} is no byte; ids are whole numbers from 0 to 255`);
  }),
};
