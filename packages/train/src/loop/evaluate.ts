import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  DataError,
  type Fields,
  fields,
  inference,
  type LanguageModel,
  type ModelKind,
  nextTask,
  resolveFields,
  type Score,
  type StreamState,
  type VariantModel,
} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import type {TokenArray} from '../data/token-ids';
import {countTargets} from './count-targets';
import {requireModel, requireSource} from './require-source';
import {spreadBatches} from './spread-batches';

/**
 * How data is shown to the model. 'window': each example of the source by itself; the first tokens of a window of text have
 * little before them. 'stream', for language models: all tokens of a text in one pass, the state carried through. Their
 * results cannot be compared with each other.
 */
export type EvaluationConvention = 'window' | 'stream';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Default 'window', which every model can do; 'stream' needs a language model and a source of text or tokens. */
  convention?: EvaluationConvention;
  /**
   * Positions (tokens, or examples that are no tokens) to look at, rounded up to whole batches; of a longer source 'window'
   * takes batches spread evenly over it, 'stream' the beginning. Default: all.
   */
  maxTokens?: number;
  /** Examples at once. Default 16. */
  batchSize?: number;
  /** Seed of the batches, for sources that draw them. Default 0. */
  seed?: number;
  /** Ends the evaluation, which throws the signal's reason. */
  signal?: AbortSignal;
}

/** How well a model does. Which score is there depends on the model's kind; the others are NaN. */
export interface Evaluation {
  /** Mean loss in nats per target that counts, without label smoothing: the model's own, of most kinds the cross entropy. */
  loss: number;
  /**
   * Of language models: sum of -log2 p over all predicted tokens, by the UTF-8 bytes they stand for; NaN where tokens are no
   * text.
   */
  bitsPerByte: number;
  /** Of all other kinds but speech recognizers: the share of targets that the model's largest logit gets right. */
  accuracy: number;
  /** Of speech recognizers: wrong tokens (put in, left out or others) by those there are to recognize. */
  errorRate: number;
  /** Targets that counted: predicted tokens, or labels. */
  tokens: number;
  /** Their bytes; NaN where tokens are no text. */
  bytes: number;
  convention: EvaluationConvention;
}

/** A source of batches, and its tokens in a row where it has them. */
export type EvaluationSource = BatchSource & {readonly tokens?: TokenArray};

type Settings = Required<Omit<EvaluateOptions, 'signal'>> & {signal: AbortSignal | null};

/** The loss, summed up in nats, of a number of targets, and how right the model was. */
interface Result {
  nats: number;
  tokens: number;
  score: Score;
}

/** What a kind of model is judged by. */
const scoreOfKind = (kind: ModelKind) =>
  kind === 'language-model' ? 'bitsPerByte' : kind === 'speech-recognizer' ? 'errorRate' : 'accuracy';

/**
 * Measures how well a model of any kind does on held-out data. Of a text that is streamed the first token is left out:
 * nothing stands before it.
 * @throws ConfigError for an option, or a source that the model cannot take; DataError when there is nothing to predict.
 */
export async function evaluate(
  model: VariantModel,
  source: EvaluationSource,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  requireModel('evaluate', model);
  const settings = resolveFields<Settings>('evaluate', rules, options);
  requireSource(model, source, 'evaluate', 'the data');
  const {convention} = settings;
  const results =
    convention === 'window'
      ? windowResults(model, source, settings)
      : streamResults(languageModelOf(model), source, settings);
  let [nats, tokens, sum, count] = [0, 0, 0, 0];
  for await (const result of results) {
    settings.signal?.throwIfAborted();
    nats += result.nats;
    tokens += result.tokens;
    sum += result.score.sum;
    count += result.score.count;
    await nextTask();
  }
  if (tokens === 0) throw new DataError('evaluate: the data has no target that counts, all are -100');
  const bytes = tokens * (source.bytesPerToken ?? Number.NaN);
  const scores = {bitsPerByte: nats / Math.LN2 / bytes, accuracy: sum / count, errorRate: sum / count};
  const score = scoreOfKind(model.kind);
  const others = {bitsPerByte: Number.NaN, accuracy: Number.NaN, errorRate: Number.NaN};
  return {loss: nats / tokens, ...others, [score]: scores[score], tokens, bytes, convention};
}

function languageModelOf(model: VariantModel): LanguageModel {
  if (model.kind === 'language-model') return model as unknown as LanguageModel;
  throw new ConfigError(
    `evaluate: the convention 'stream' is for language models, but ${model.name} is a ${model.kind}; take 'window'`,
  );
}

const rules: Fields<Settings> = {
  convention: fields.choice(['window', 'stream'] as const, 'window'),
  maxTokens: {
    allowed: 'a whole number of at least 1, or Infinity',
    accepts: (value) => value === Infinity || fields.count().accepts(value),
    fallback: Infinity,
  },
  batchSize: fields.count(16),
  seed: fields.seed(),
  signal: {
    allowed: 'an AbortSignal',
    accepts: (value) => value === null || value instanceof AbortSignal,
    fallback: null,
  },
};

async function* windowResults(model: VariantModel, source: BatchSource, settings: Settings): AsyncGenerator<Result> {
  for (const {inputs, targets} of spreadBatches(source, settings, 'evaluate')) {
    const outputs = tf.tidy(() => model.forward(inputs, inference));
    yield await resultOf(model, outputs, targets);
  }
}

async function* streamResults(
  model: LanguageModel,
  source: EvaluationSource,
  settings: Settings,
): AsyncGenerator<Result> {
  const tokens = tokensToStream(model, source, settings.maxTokens);
  const {tokensPerExample: pieceLength} = source;
  let state: StreamState | null = null;
  try {
    for (let start = 0; start + 1 < tokens.length; start += pieceLength) {
      const end = Math.min(start + pieceLength, tokens.length - 1);
      const [piece, targets] = tf.tidy(() => [
        rowOf(tokens.subarray(start, end)),
        rowOf(tokens.subarray(start + 1, end + 1)),
      ]);
      try {
        const step: ReturnType<LanguageModel['stream']> = model.stream(piece, state);
        state = step.state;
        yield await resultOf(model, step.logits, targets);
      } finally {
        tf.dispose([piece, targets]);
      }
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

/** Judges outputs, which are disposed. */
async function resultOf(model: VariantModel, outputs: tf.Tensor, targets: tf.Tensor): Promise<Result> {
  let mean: tf.Scalar | undefined;
  // Of language models it is the loss that is told.
  const unscored = model.kind === 'language-model';
  try {
    mean = tf.tidy(() => model.criterion(outputs, targets, {labelSmoothing: 0}));
    const score = unscored ? {sum: 0, count: 0} : await model.score(outputs, targets);
    const [[loss], tokens] = await Promise.all([mean.data(), countTargets(model, targets)]);
    // The mean of no tokens is NaN.
    return {nats: tokens === 0 ? 0 : loss * tokens, tokens, score};
  } finally {
    tf.dispose([outputs, mean ?? []]);
  }
}
