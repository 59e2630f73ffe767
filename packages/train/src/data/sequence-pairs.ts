import type * as tf from '@tensorflow/tfjs';
import {ConfigError, requireGiven} from '@variants/core';
import {requireWhole} from '../checks';
import {ignoreIndex} from '../tasks/task';
import {type Batch, type BatchSource, batchSource} from './batch-source';
import {checkRows, requireExamples, rowsFingerprint} from './id-rows';
import {type RowOptions, rowOrder} from './row-order';

/** A batch of pairs of sequences. */
export interface PairBatch extends Batch {
  /** Sources [batch, source time], and targets behind the token that they begin with [batch, target time], int32. */
  inputs: tf.Tensor2D[];
  /** The token that follows each of the target, the ending one last, int32 [batch, target time]; -100 behind it. */
  targets: tf.Tensor2D;
}

/** A source and what is to be made of it. */
export interface SequencePair {
  /** Token ids, at least one. */
  source: ArrayLike<number>;
  /** Token ids without those that begin and end it, at least one. */
  target: ArrayLike<number>;
}

/** Options of {@link sequencePairs}. */
export interface SequencePairsOptions extends RowOptions {
  /** The id that every target begins with. */
  beginToken: number;
  /** The id that every target ends with. */
  endToken: number;
  /** The id that fills up shorter rows of both, on the right: the model's own. */
  padToken: number;
  /** Number of different ids of sources. Default: the greatest + 1. */
  sourceVocabSize?: number;
  /** Number of different ids of targets, those that begin and end them included. Default: the greatest + 1. */
  targetVocabSize?: number;
}

/**
 * Pairs of sequences, for sequence-to-sequence models: sources and begun targets, all as long as the longest, and the
 * tokens that follow.
 * @throws DataError when there is no pair, a sequence is empty or an id is none; ConfigError when a target would end with
 *   padding.
 */
export function sequencePairs(pairs: readonly SequencePair[], options: SequencePairsOptions): BatchSource<PairBatch> {
  const name = 'sequencePairs';
  requireGiven(name, options, ['beginToken', 'endToken', 'padToken', 'sourceVocabSize', 'targetVocabSize', 'shuffle']);
  const {beginToken, endToken, padToken, sourceVocabSize, targetVocabSize} = options;
  for (const [field, id] of Object.entries({beginToken, endToken, padToken})) requireWhole(name, field, id, 0);
  if (endToken === padToken)
    throw new ConfigError(`${name}: endToken and padToken are both ${endToken}, but padding is never predicted`);
  requireExamples(pairs, name, 'pairs');
  const [sources, targets] = [pairs.map((pair) => pair?.source), pairs.map((pair) => pair?.target)];
  const source = checkRows([...sources, [padToken]], `${name}: sources`, sourceVocabSize);
  const target = checkRows([...targets, [beginToken], [endToken], [padToken]], `${name}: targets`, targetVocabSize);
  const targetTime = target.longest + 1;
  const {numExamples, rowOf} = rowOrder(pairs.length, options, name);
  return batchSource<PairBatch>({
    name,
    kinds: ['sequence-to-sequence'],
    sourceVocabSize: source.vocabSize,
    targetVocabSize: target.vocabSize,
    padToken,
    tokensPerExample: source.longest + targetTime,
    longestSequence: Math.max(source.longest, targetTime),
    numExamples,
    fingerprint: rowsFingerprint(sources, targets, [[beginToken, endToken, padToken]]),
    inputs: [{shape: [source.longest]}, {shape: [targetTime]}],
    targets: [targetTime],
    writeExample(index, seed, [from, begun], next) {
      const row = rowOf(index, seed);
      from.fill(padToken);
      from.set(sources[row]);
      begun.fill(padToken);
      begun[0] = beginToken;
      begun.set(targets[row], 1);
      next.fill(ignoreIndex);
      next.set(targets[row]);
      next[targets[row].length] = endToken;
    },
  });
}
