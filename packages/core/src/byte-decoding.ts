import {requireArgument} from './arguments';
import {DataError} from './errors';
import type {Tokenizer} from './tokenizer';

/**
 * The decoding half of a tokenizer whose ids stand for bytes of UTF-8 text. A stream holds back the bytes of an unfinished
 * character; what is no UTF-8 becomes U+FFFD.
 * @param bytesOf The bytes of an id; it throws where there is no such id.
 */
export function byteDecoding(
  bytesOf: (token: number) => Uint8Array,
): Required<Pick<Tokenizer, 'decode' | 'decoder' | 'isToken'>> {
  const isToken = (token: number) => {
    try {
      bytesOf(token);
      return true;
    } catch {
      return false;
    }
  };
  const decoder = (before: readonly number[] = []) => {
    // Without this option a text's first character would be lost where it is a byte order mark.
    const utf8 = new TextDecoder('utf-8', {ignoreBOM: true});
    const push = (token: number) => utf8.decode(bytesOf(token), {stream: true});
    // They may end within a character.
    for (const token of before.filter(isToken)) push(token);
    return {push, end: () => utf8.decode()};
  };
  return {
    isToken,
    decoder,
    decode(tokens) {
      const {push, end} = decoder();
      return tokens.map(push).join('') + end();
    },
  };
}

/** One id per byte of the UTF-8 text: 256 ids, no vocabulary file. */
export const byteTokenizer: Tokenizer = {
  vocabSize: 256,
  encode(text) {
    requireArgument('byteTokenizer', 'the text', text, typeof text === 'string', 'a text', DataError);
    return Array.from(new TextEncoder().encode(text));
  },
  ...byteDecoding((token) => {
    if (Number.isInteger(token) && token >= 0 && token < 256) return Uint8Array.of(token);
    throw new DataError(`byteTokenizer: ${token} is no byte; ids are whole numbers from 0 to 255`);
  }),
};
