import {requireArgument, requireOptions} from './arguments';
import {DataError} from './errors';
import type {StreamDecoder, Tokenizer} from './tokenizer';

/** What is used of a `Tokenizer` of the package @huggingface/tokenizers. */
export interface HuggingFaceTokenizer {
  encode(text: string, options?: {add_special_tokens?: boolean}): {ids: number[]};
  decode(ids: number[], options?: {skip_special_tokens?: boolean; clean_up_tokenization_spaces?: boolean}): string;
  get_vocab(withAddedTokens?: boolean): Map<string, number>;
  get_added_tokens_decoder?(): Map<number, {content: string; special: boolean}>;
}

/**
 * A tokenizer of the package @huggingface/tokenizers, which reads any tokenizer.json, for the models here:
 *
 *     import {Tokenizer} from '@huggingface/tokenizers';
 *     const tokenizer = huggingFaceTokenizer(new Tokenizer(tokenizerJson, tokenizerConfigJson));
 *
 * It decodes text as it is, special tokens left out.
 * @param settings.addSpecialTokens Whether `encode` adds what the file says that a text begins or ends with. Default false, for
 *   texts that go on.
 */
export function huggingFaceTokenizer(
  tokenizer: HuggingFaceTokenizer,
  settings: {addSpecialTokens?: boolean} = {},
): Tokenizer {
  const {
    encode: encoding,
    decode: decoding,
    get_vocab: vocabulary,
  } = (tokenizer ?? {}) as Partial<HuggingFaceTokenizer>;
  const isTokenizer = [encoding, decoding, vocabulary].every((method) => typeof method === 'function');
  const allowed = 'a Tokenizer of the package @huggingface/tokenizers';
  requireArgument('huggingFaceTokenizer', 'the tokenizer', tokenizer, isTokenizer, allowed);
  requireOptions('huggingFaceTokenizer', settings, ['addSpecialTokens']);
  const {addSpecialTokens = false} = settings;
  const options = {skip_special_tokens: true, clean_up_tokenization_spaces: false};
  const ids = new Set(tokenizer.get_vocab(true).values());
  const isToken = (token: number) => ids.has(token);
  const decode = (tokens: readonly number[]) => {
    const unknown = tokens.find((token) => !isToken(token));
    if (unknown !== undefined) throw new DataError(`huggingFaceTokenizer: there is no token ${unknown}`);
    return tokens.length === 0 ? '' : tokenizer.decode([...tokens], options);
  };
  const encode = (text: string, add_special_tokens: boolean) => tokenizer.encode(text, {add_special_tokens}).ids;
  const added = [...(tokenizer.get_added_tokens_decoder?.() ?? [])];
  return {
    vocabSize: [...ids].reduce((most, id) => Math.max(most, id), -1) + 1,
    specialTokens: new Map(added.filter(([, {special}]) => special).map(([id, {content}]) => [content, id])),
    encode: (text) => encode(text, addSpecialTokens),
    decode,
    isToken,
    decoder: (before = [], isContinued = false) =>
      // Any text will do: what comes behind one is written otherwise than what comes first.
      new PieceDecoder(decode, [...(isContinued ? encode('a', false) : []), ...before.filter(isToken)]),
  };
}

/** The bytes of a character, but for its last. */
const LONGEST_UNFINISHED = 3;

/**
 * Decodes ids as they come with a function that decodes lists. An id alone may be a part of a character or depend on the
 * ones before, so the last complete stretch of text is decoded again together with what follows it.
 */
class PieceDecoder implements StreamDecoder {
  private readonly tokens: number[];
  /** Tokens whose text has come out, the last of several. */
  private complete: number;

  constructor(
    private readonly decode: (tokens: readonly number[]) => string,
    before: readonly number[],
  ) {
    this.tokens = [...before];
    this.complete = before.length - this.unfinished();
  }

  push(token: number): string {
    this.tokens.push(token);
    const text = this.rest();
    // An unfinished character; a whole one that really is U+FFFD comes with the next token.
    if (text === '' || text.endsWith('\ufffd')) return '';
    this.tokens.splice(0, this.complete);
    this.complete = this.tokens.length;
    return text;
  }

  end(): string {
    return this.rest();
  }

  private rest(): string {
    const before = this.decode(this.tokens.slice(0, this.complete));
    return this.decode(this.tokens).slice(before.length);
  }

  /** How many of the last tokens are bytes of a character that is not complete. */
  private unfinished(): number {
    const isWhole = (count: number) =>
      !this.decode(this.tokens.slice(0, this.tokens.length - count)).endsWith('\ufffd');
    for (let count = 0; count <= Math.min(LONGEST_UNFINISHED, this.tokens.length); count++)
      if (isWhole(count)) return count;
    return 0;
  }
}
