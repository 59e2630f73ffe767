import type * as tf from '@tensorflow/tfjs';
import {requireGiven} from '../arguments';
import type {StreamState} from '../streams/stream-state';
import {type Fields, fields, requireConfig, resolveFields} from './config';

/** Options of {@link SequenceToSequence.beamSearch}. */
export interface BeamOptions {
  /** The id that every target begins with. It is not part of a hypothesis. */
  begin: number;
  /** The id that ends a target. It is the last of each hypothesis. */
  end: number;
  /** How many beginnings are gone on with, and how many hypotheses are wanted; 1 is greedy. Default 5. */
  beams?: number;
  /**
   * The exponent a of the number of tokens, `end` included, that the log probability of a hypothesis is divided by: 0 takes
   * its sum, 1 the mean of its tokens, more prefers longer ones. Default 1.
   */
  lengthPenalty?: number;
  /** The fewest tokens of a target before `end`. Default 1. */
  minTokens?: number;
  /** The most tokens of a target before `end`, also by the number of tokens of its source. Default 256, or what the model's context holds. */
  maxTokens?: number | ((sourceTokens: number) => number);
  /** When it aborts, the search throws its reason. */
  signal?: AbortSignal;
}

/** A target that a beam search found. */
export interface Hypothesis {
  /** Its ids, `end` included. */
  tokens: number[];
  /** Its log probability in nats, divided by the number of tokens to the power of lengthPenalty. */
  score: number;
}

/** Options with their defaults. */
export interface BeamSettings {
  begin: number;
  end: number;
  beams: number;
  lengthPenalty: number;
  minTokens: number;
  /** By the number of tokens of a source. */
  maxTokens: (sourceTokens: number) => number;
  signal: AbortSignal | null;
}

/** What a beam search asks of a model. */
export interface BeamSteps {
  /** The state that the targets of all sources begin with, each of them `beams` times. */
  begin(beams: number): StreamState;
  /**
   * Feeds each row a token.
   * @param ids [rows, 2] int32: the token, and the number of the row that it goes on with; or [rows, 1], each with its own.
   * @param longest The most tokens that will be fed in all.
   * @returns The logits [rows, 1, vocabulary], which the caller disposes.
   */
  step(ids: tf.Tensor2D, state: StreamState, longest: number): {output: tf.Tensor; state: StreamState};
  /** The state of some of its rows. */
  keep(state: StreamState, rows: number[]): StreamState;
}

type GivenSettings = Omit<BeamSettings, 'maxTokens'> & {maxTokens: number | ((sourceTokens: number) => number)};

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;

/**
 * Completes and checks the options of a search.
 * @param vocabSize Of targets.
 * @param contextLength Of the model; null where there is no limit.
 * @throws ConfigError that names the option, its value and what is allowed.
 */
export function resolveBeamOptions(
  options: BeamOptions,
  vocabSize: number,
  contextLength: number | null,
): BeamSettings {
  const id = {
    allowed: `a token id from 0 to ${vocabSize - 1}`,
    accepts: (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < vocabSize,
  };
  const rules: Fields<GivenSettings> = {
    begin: id,
    end: id,
    beams: fields.count(5),
    lengthPenalty: fields.notNegative(1),
    minTokens: fields.count(1, 0),
    maxTokens: {
      allowed: 'a whole number of at least 1, or a function that gives one',
      accepts: (value) => isCount(value) || typeof value === 'function',
      fallback: 256,
    },
    signal: fields.optional<AbortSignal>({
      allowed: 'an AbortSignal',
      accepts: (value) => value instanceof AbortSignal,
    }),
  };
  requireGiven('beamSearch', options, Object.keys(rules));
  const settings = resolveFields<GivenSettings>('beamSearch', rules, options);
  const {maxTokens: most, minTokens} = settings;
  // The token that targets begin with is fed too.
  const room = contextLength === null ? Number.POSITIVE_INFINITY : contextLength - 1;
  const maxTokens = (sourceTokens: number) => {
    const wanted = typeof most === 'number' ? most : most(sourceTokens);
    requireConfig(
      isCount(wanted),
      'beamSearch',
      `maxTokens gives ${wanted} for a source of ${sourceTokens} tokens, but must give a whole number of at least 1`,
    );
    const longest = Math.max(Math.min(wanted, room), 0);
    requireConfig(
      minTokens <= longest,
      'beamSearch',
      `minTokens is ${minTokens}, but a target has at most ${longest} tokens`,
    );
    return longest;
  };
  return {...settings, maxTokens};
}
