import {requireArgument, requireOptions} from './arguments';
import type {StreamDecoder, Tokenizer} from './tokenizer';

/** What is used of a `Tokenizer` of the package @huggingface/tokenizers. */
export interface HuggingFaceTokenizer {
  encode(text: string, options?: {add_special_tokens?: boolean}): {ids: number[]};
  decode(ids: number[], options?: {skip_special_tokens?: boolean; clean_up_tokenization_spaces?: boolean}): string;
  get_vocab(withAddedTokens?: boolean): Map<string, number>;
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
  const {encode, decode: decoding, get_vocab: vocabulary} = (tokenizer ?? {}) as Partial<HuggingFaceTokenizer>;
  const isTokenizer = [encode, decoding, vocabulary].every((method) => typeof method === 'function');
  const allowed = 'a Tokenizer of the package @huggingface/tokenizers';
  requireArgument('huggingFaceTokenizer', 'the tokenizer', tokenizer, isTokenizer, allowed);
  requireOptions('huggingFaceTokenizer', settings, ['addSpecialTokens']);
  const {addSpecialTokens = false} = settings;
  const options = {skip_special_tokens: true, clean_up_tokenization_spaces: false};
  const decode = (tokens: readonly number[]) => (tokens.length === 0 ? '' : tokenizer.decode([...tokens], options));
  return {
    vocabSize: [...tokenizer.get_vocab(true).values()].reduce((most, id) => Math.max(most, id), -1) + 1,
    encode: (text) => tokenizer.encode(text, {add_special_tokens: addSpecialTokens}).ids,
    decode,
    decoder: () => new PieceDecoder(decode),
  };
}

/**
 * Decodes ids as they come with a function that decodes lists. An id alone may be a part of a character or depend on the
 * ones before, so the last complete stretch of text is decoded again together with what follows it.
 */
class PieceDecoder implements StreamDecoder {
  private readonly tokens: number[] = [];
  /** Tokens whose text has come out, the last of several. */
  private complete = 0;

  constructor(private readonly decode: (tokens: readonly number[]) => string) {}

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
}
