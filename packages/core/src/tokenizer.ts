/**
 * Text to token ids and back.
 *
 * A model's vocabulary may have more ids than its tokenizer, filled up to a round number. Such ids stand for nothing: a
 * generation that knows the tokenizer never draws them, and `decode` and `push` refuse them with a DataError.
 */
export interface Tokenizer {
  /** The number of different ids: every id is below it. */
  readonly vocabSize: number;
  /** Tokens that stand for no text, by what they are written as: `</s>`. A stop may name them. Default: there are none. */
  readonly specialTokens?: ReadonlyMap<string, number>;
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
  /** Whether an id is one of the tokenizer's. Default: all below `vocabSize` are. */
  isToken?(token: number): boolean;
  /**
   * A decoder for ids that arrive one by one: it holds back the bytes of an unfinished character.
   * @param before The ids that stand before those, whose text is not given again: many a tokenizer writes a word otherwise
   *   where a text begins. Default: none, the text begins.
   * @param isContinued Whether there is text before all of it, which nobody knows any more. Default false.
   */
  decoder(before?: readonly number[], isContinued?: boolean): StreamDecoder;
}

/** Decodes ids as they come, never splitting a character. */
export interface StreamDecoder {
  /** The text that `token` completes, often one character, '' while a character is unfinished. */
  push(token: number): string;
  /** What is still held back, an unfinished character as U+FFFD. */
  end(): string;
}
