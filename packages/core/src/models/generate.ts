import type {Tokenizer} from '../tokenizer';
import type {LanguageModel} from './language-model';
import type {StreamState} from './stream-state';

/** Options of `LanguageModel.generate`. */
export interface GenerateOptions {
  /** The most tokens to generate. Default 256. */
  maxTokens?: number;
  /** What logits are divided by; 0 takes the most probable token. Default 1. */
  temperature?: number;
  /** Only the k most probable tokens are drawn from. */
  topK?: number;
  /** Only the most probable tokens that together reach this probability. */
  topP?: number;
  /** Only tokens at least this probable relative to the most probable one. */
  minP?: number;
  /** Divides positive and multiplies negative logits of tokens that stood before. Default 1. */
  repetitionPenalty?: number;
  /** Subtracted from the logits of tokens that were generated before. Default 0. */
  presencePenalty?: number;
  /** Subtracted from the logits once for every time that the token was generated. Default 0. */
  frequencyPenalty?: number;
  /** What ends the generation, itself left out. */
  stop?: readonly (string | number | readonly number[])[];
  /** Default 0. */
  seed?: number;
  /** Aborts the generation. */
  signal?: AbortSignal;
  /** A stream to go on with. */
  state?: StreamState;
}

/** Options for text in and text out. */
export interface TextOptions {
  tokenizer: Tokenizer;
}

/** Continues token ids. */
export async function* generateTokens(
  model: LanguageModel,
  prompt: readonly number[],
  {maxTokens = 256}: GenerateOptions = {},
): AsyncGenerator<number, void, void> {
  let next = [...prompt];
  let state: StreamState | undefined;
  try {
    for (let n = 0; n < maxTokens; n++) {
      const step = model.stream(next, state, {lastOnly: true});
      state = step.state;
      const logits = await step.logits.data();
      step.logits.dispose();
      const token = logits.indexOf(Math.max(...logits));
      yield token;
      next = [token];
    }
  } finally {
    state?.dispose();
  }
}

/** Continues a text. */
export async function* generateText(
  model: LanguageModel,
  prompt: string,
  {tokenizer, ...options}: GenerateOptions & TextOptions,
): AsyncGenerator<string, void, void> {
  const decoder = tokenizer.decoder();
  for await (const token of generateTokens(model, tokenizer.encode(prompt), options)) yield decoder.push(token);
  yield decoder.end();
}
