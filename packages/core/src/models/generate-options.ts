import {isList} from '../ids';
import {StreamState} from '../streams/stream-state';
import type {Tokenizer} from '../tokenizer';
import {type Field, type Fields, fields, resolveFields} from './config';

/** Options of `LanguageModel.generate`. */
export interface GenerateOptions {
  /** The most tokens to generate. Default 256. */
  maxTokens?: number;
  /** What logits are divided by before a token is drawn: below 1 plays safe, above 1 dares. 0 takes the most probable. Default 1. */
  temperature?: number;
  /** Draws from the k most probable tokens alone. Default: from all. */
  topK?: number;
  /** Draws from the most probable tokens that together reach this probability, above 0 to 1. Default: from all. */
  topP?: number;
  /** Draws from the tokens at least this many times as probable as the most probable one, 0 to 1. Default: from all. */
  minP?: number;
  /** Above 1 makes tokens of the prompt and of what was generated less probable (CTRL's rule). Default 1. */
  repetitionPenalty?: number;
  /** Subtracted from the logit of every token that was generated before. Default 0. */
  presencePenalty?: number;
  /** Subtracted from the logit of a token once for every time that it was generated. Default 0. */
  frequencyPenalty?: number;
  /**
   * What the counts of tokens are multiplied with at each step, above 0 to 1, so that both penalties forget: RWKV's
   * alpha_decay, 0.996 there. Default 1.
   */
  penaltyDecay?: number;
  /**
   * What ends the generation: token ids or lists of them and, where text is generated, texts. Neither a stop nor a part of
   * one comes out. A text may be or hold the name of a special token (`</s>`), where the tokenizer says what these are.
   */
  stop?: readonly (string | number | ArrayLike<number>)[];
  /** The same seed, 0 to 2^53 - 1, draws the same tokens. Default 0. */
  seed?: number;
  /** With ids as the prompt: ids that are none of this tokenizer's are never drawn. Default: all of the model's may be. */
  tokenizer?: Tokenizer;
  /** When it aborts, the generation throws its reason. */
  signal?: AbortSignal;
  /**
   * The stream to go on with, of one sequence; the prompt follows it and may be empty. It is left as it was: generation
   * works on a copy.
   */
  state?: StreamState;
}

/** Options of `LanguageModel.generate` with a text. */
export interface TextOptions {
  /** What the text is written in. Ids that are none of its own are never drawn. */
  tokenizer: Tokenizer;
}

/** Options with their defaults; null where there is none. */
export interface GenerateSettings {
  maxTokens: number;
  temperature: number;
  topK: number | null;
  topP: number | null;
  minP: number | null;
  repetitionPenalty: number;
  presencePenalty: number;
  frequencyPenalty: number;
  penaltyDecay: number;
  stop: readonly (string | number | ArrayLike<number>)[];
  seed: number;
  signal: AbortSignal | null;
  state: StreamState | null;
  tokenizer: Tokenizer | null;
}

const number = (allowed: string, accepts: (value: number) => boolean, fallback?: number): Field<number> => ({
  allowed,
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && accepts(value),
  fallback,
});

const object = <T>(allowed: string, accepts: (value: object) => boolean): Field<T | null> =>
  fields.optional<T>({allowed, accepts: (value) => typeof value === 'object' && value !== null && accepts(value)});

const isToken = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

const isStop = (value: unknown) =>
  isList(value) || typeof value === 'string'
    ? value.length > 0 && (typeof value === 'string' || Array.from(value).every(isToken))
    : isToken(value);

const rules: Fields<GenerateSettings> = {
  maxTokens: fields.count(256, 0),
  temperature: number('a number of at least 0', (value) => value >= 0, 1),
  topK: fields.optional(fields.count()),
  topP: fields.optional(number('a number above 0, at most 1', (value) => value > 0 && value <= 1)),
  minP: fields.optional(number('a number from 0 to 1', (value) => value >= 0 && value <= 1)),
  repetitionPenalty: fields.positive(1),
  presencePenalty: number('a number', () => true, 0),
  frequencyPenalty: number('a number', () => true, 0),
  penaltyDecay: number('a number above 0, at most 1', (value) => value > 0 && value <= 1, 1),
  stop: {
    allowed: 'a list of texts, token ids and lists of token ids, none of them empty',
    accepts: (value) => Array.isArray(value) && value.every(isStop),
    fallback: [],
  },
  seed: fields.seed(),
  signal: object<AbortSignal>('an AbortSignal', (value) => value instanceof AbortSignal),
  state: object<StreamState>('a StreamState', (value) => value instanceof StreamState),
  tokenizer: object<Tokenizer>('a Tokenizer', (value) => 'encode' in value && 'decoder' in value),
};

/** Completes and checks the options of a generation; a ConfigError names the option, its value and what is allowed. */
export function resolveOptions(options: GenerateOptions & Partial<TextOptions>): GenerateSettings {
  return resolveFields('generate', rules, options);
}
