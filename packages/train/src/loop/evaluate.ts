import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  DataError,
  type Fields,
  fields,
  type LanguageModel,
  nextTask,
  resolveFields,
  type StreamState,
  softmaxCrossEntropy,
} from '@variants/core';
import type {Batch, BatchSource} from '../data/batch-source';
import type {TokenArray} from '../data/token-windows';
import {countTargets} from './count-targets';
import {requireSource} from './require-source';
import {spreadBatches} from './spread-batches';

/**
 * How text is shown to the model. 'window': each window of the source by itself, whose first tokens have little before
 * them. 'stream': all tokens in one pass, the state carried through. Their results cannot be compared with each other.
 */
export type EvaluationConvention = 'window' | 'stream';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Default 'window', which every model can do; 'stream' needs a source of text or tokens. */
  convention?: EvaluationConvention;
  /**
   * Positions to look at, rounded up to whole batches; of a longer source 'window' takes batches spread evenly over it,
   * 'stream' the beginning. Default: all.
   */
  maxTokens?: number;
  /** Windows at once. Default 16. */
  batchSize?: number;
  /** Seed of the batches, for sources that draw them. Default 0. */
  seed?: number;
  /** Ends the evaluation, which throws the signal's reason. */
  signal?: AbortSignal;
}

/** How well a model predicts. */
export interface Evaluation {
  /** Mean cross entropy in nats per predicted token. */
  loss: number;
  /** Sum of -log2 p over all predicted tokens, by the UTF-8 bytes they stand for; NaN where tokens are no text. */
  bitsPerByte: number;
  /** Predicted tokens. */
  tokens: number;
  /** Their bytes; NaN where tokens are no text. */
  bytes: number;
  convention: EvaluationConvention;
}

/** A source of batches, and its tokens in a row where it has them. */
export type EvaluationSource = BatchSource & {readonly tokens?: TokenArray};

type Settings = Required<Omit<EvaluateOptions, 'signal'>> & {signal: AbortSignal | null};

/** The negative log likelihood, in nats, of a number of tokens. */
interface Score {
  nats: number;
  tokens: number;
}

/**
 * Measures how well a model predicts held-out text. The first token of the text is left out: nothing stands before it.
 * @throws ConfigError for an option, or a source that the model cannot take; DataError when there is nothing to predict.
 */
export async function evaluate(
  model: LanguageModel,
  source: EvaluationSource,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const settings = resolveFields<Settings>('evaluate', rules, options);
  requireSource(model, source, 'evaluate: the data');
  const {convention} = settings;
  const scores =
    convention === 'window' ? windowScores(model, source, settings) : streamScores(model, source, settings);
  let [nats, tokens] = [0, 0];
  for await (const score of scores) {
    settings.signal?.throwIfAborted();
    nats += score.nats;
    tokens += score.tokens;
    await nextTask();
  }
  if (tokens === 0) throw new DataError('evaluate: the data has no target that counts, all are -100');
  const bytes = tokens * (source.bytesPerToken ?? Number.NaN);
  return {loss: nats / tokens, bitsPerByte: nats / Math.LN2 / bytes, tokens, bytes, convention};
}

const rules: Fields<Settings> = {
  convention: fields.choice(['window', 'stream'] as const, 'window'),
  maxTokens: {
    allowed: 'a whole number of at least 1, or Infinity',
    accepts: (value) => value === Infinity || fields.count().accepts(value),
    fallback: Infinity,
  },
  batchSize: fields.count(16),
  seed: fields.count(0, 0),
  signal: {
    allowed: 'an AbortSignal',
    accepts: (value) => value === null || value instanceof AbortSignal,
    fallback: null,
  },
};

async function* windowScores(model: LanguageModel, source: BatchSource, settings: Settings): AsyncGenerator<Score> {
  for (const batch of spreadBatches(source, settings, 'evaluate')) {
    const logits = model.logits(batch.inputs);
    yield await scoreOf(logits, batch.targets);
  }
}

async function* streamScores(
  model: LanguageModel,
  source: EvaluationSource,
  settings: Settings,
): AsyncGenerator<Score> {
  const tokens = tokensToStream(model, source, settings.maxTokens);
  const {tokensPerExample: pieceLength} = source;
  let state: StreamState | null = null;
  try {
    for (let start = 0; start + 1 < tokens.length; start += pieceLength) {
      const end = Math.min(start + pieceLength, tokens.length - 1);
      const piece = rowOf(tokens.subarray(start, end));
      const targets = rowOf(tokens.subarray(start + 1, end + 1));
      const step: ReturnType<LanguageModel['stream']> = model.stream(piece, state);
      state = step.state;
      piece.dispose();
      yield await scoreOf(step.logits, targets).finally(() => targets.dispose());
    }
  } finally {
    state?.dispose();
  }
}

function tokensToStream(
  {contextLength, name}: LanguageModel,
  {tokens}: EvaluationSource,
  maxTokens: number,
): TokenArray {
  if (!tokens)
    throw new ConfigError(
      "evaluate: the convention 'stream' needs a source with tokens, such as textWindows'; take 'window'",
    );
  const wanted = tokens.subarray(0, maxTokens + 1);
  if (contextLength !== null && wanted.length - 1 > contextLength)
    throw new ConfigError(
      `evaluate: ${name} sees at most ${contextLength} tokens and cannot stream ${wanted.length - 1}; take the convention 'window' or a smaller maxTokens`,
    );
  return wanted;
}

function rowOf(tokens: TokenArray): tf.Tensor2D {
  return tf.tensor2d(Int32Array.from(tokens), [1, tokens.length], 'int32');
}

/** Scores logits, which are disposed. */
async function scoreOf(logits: tf.Tensor, targets: Batch['targets']): Promise<Score> {
  const mean = tf.tidy(() => softmaxCrossEntropy(logits, targets));
  logits.dispose();
  try {
    const [[loss], tokens] = await Promise.all([mean.data(), countTargets(targets)]);
    // The mean of no tokens is NaN.
    return {nats: tokens === 0 ? 0 : loss * tokens, tokens};
  } finally {
    mean.dispose();
  }
}
