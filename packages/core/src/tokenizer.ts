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
