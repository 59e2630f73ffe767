import {byteDecoding, DataError, type FileSource, readFileSource, type Tokenizer} from '@variants/core';
import {parseVocabulary, type Vocabulary} from './vocabulary';

/** The id that ends a text. It stands for no bytes. */
const endOfText = 0;

/**
 * The tokenizer of RWKV's World models: the longest byte string of its vocabulary that fits comes first, and so on. Id 0,
 * which ends a text and has none itself, is the special token `<|endoftext|>`.
 * @param source The authors' vocabulary file, `rwkv_vocab_v20230424.txt`: a path, a URL, a File or its bytes.
 * @throws CheckpointError when the file cannot be read, DataError that names the line when it is no vocabulary.
 */
export async function worldTokenizer(source: FileSource): Promise<Tokenizer> {
  const {name, bytes} = await readFileSource(source, 'vocabulary');
  return greedyTokenizer(parseVocabulary(new TextDecoder().decode(bytes), name));
}

function greedyTokenizer(vocabulary: Vocabulary): Tokenizer {
  const longest = new LongestMatch(vocabulary);
  const none = new Uint8Array(0);
  return {
    vocabSize: Math.max(...vocabulary.keys()) + 1,
    specialTokens: new Map([['<|endoftext|>', endOfText]]),
    encode: (text) => longest.tokens(new TextEncoder().encode(text)),
    ...byteDecoding((token) => {
      const bytes = token === endOfText ? none : vocabulary.get(token);
      if (bytes) return bytes;
      throw new DataError(`worldTokenizer: there is no token ${token}`);
    }),
  };
}

/** Finds the longest byte string that a text goes on with. */
class LongestMatch {
  /** Ids by their bytes, each byte as a character. */
  private readonly ids = new Map<string, number>();
  /** Lengths of the byte strings that begin with a byte, the longest first. */
  private readonly lengths = new Map<string, number[]>();

  constructor(vocabulary: Vocabulary) {
    const lengths = new Map<string, Set<number>>();
    for (const [id, bytes] of vocabulary) {
      const key = asCharacters(bytes);
      this.ids.set(key, id);
      const start = key.slice(0, 2);
      lengths.set(start, (lengths.get(start) ?? new Set()).add(bytes.length));
    }
    for (const [start, set] of lengths)
      this.lengths.set(
        start,
        [...set].sort((a, b) => b - a),
      );
  }

  tokens(bytes: Uint8Array): number[] {
    const text = asCharacters(bytes);
    const tokens: number[] = [];
    for (let at = 0; at < text.length; ) {
      const length = this.lengthAt(text, at);
      if (length === undefined)
        throw new DataError(
          `worldTokenizer: the vocabulary has nothing that begins with byte ${bytes[at]}, at byte ${at}`,
        );
      tokens.push(this.ids.get(text.slice(at, at + length)) as number);
      at += length;
    }
    return tokens;
  }

  /** Byte strings of one byte stand under that byte alone, all others under their first two. */
  private lengthAt(text: string, at: number): number | undefined {
    const fits = (length: number) => at + length <= text.length && this.ids.has(text.slice(at, at + length));
    return this.lengths.get(text.slice(at, at + 2))?.find(fits) ?? (fits(1) ? 1 : undefined);
  }
}

function asCharacters(bytes: Uint8Array): string {
  let text = '';
  // In pieces, since a call takes a limited number of arguments.
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return text;
}
