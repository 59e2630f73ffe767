import type * as tf from '@tensorflow/tfjs';
import {requireGiven} from '@variants/core';
import {requireWhole} from '../checks';
import {type BatchSource, batchSource, type TokenBatch} from './batch-source';
import {checkLabels, checkRows, type IdRows, requireExamples, rowsFingerprint} from './id-rows';
import {type RowOptions, rowOrder} from './row-order';

/** A batch of sequences with a label each. */
export interface LabelledBatch extends Omit<TokenBatch, 'targets'> {
  /** The label of each row, int32 [batch]. */
  targets: tf.Tensor1D;
}

/** Options of {@link labelledSequences}. */
export interface LabelledSequencesOptions extends RowOptions {
  /** The id that fills up shorter rows, on the right. A model that knows padding must have the same. */
  padToken: number;
  /** Number of different ids, `padToken` included. Default: the greatest + 1. */
  vocabSize?: number;
  /** Number of different labels. Default: the greatest + 1. */
  numLabels?: number;
}

/**
 * Sequences with a label each, for classifiers of sequences: ids [batch, time], all as long as the longest, and labels
 * [batch].
 * @param sequences Ids of each, at least one.
 * @param labels A whole number from 0 for each.
 * @throws DataError when there are not as many labels as sequences, one is empty, or an id or a label is none.
 */
export function labelledSequences(
  sequences: IdRows,
  labels: ArrayLike<number>,
  options: LabelledSequencesOptions,
): BatchSource<LabelledBatch> {
  const name = 'labelledSequences';
  requireGiven(name, options, ['padToken', 'vocabSize', 'numLabels', 'shuffle']);
  const {padToken} = options;
  requireWhole(name, 'padToken', padToken, 0);
  requireExamples(sequences, name, 'sequences');
  const {longest, vocabSize} = checkRows([...sequences, [padToken]], `${name}: sequences`, options.vocabSize);
  const numLabels = checkLabels(labels, sequences.length, name, options.numLabels);
  const {numExamples, rowOf} = rowOrder(sequences.length, options, name);
  return batchSource<LabelledBatch>({
    name,
    kinds: ['sequence-classifier'],
    vocabSize,
    numLabels,
    // Where nothing is filled up, no model need know by what.
    padToken: sequences.some(({length}) => length < longest) ? padToken : undefined,
    tokensPerExample: longest,
    numExamples,
    fingerprint: rowsFingerprint(sequences, [labels]),
    targets: [],
    writeExample(index, seed, [ids], label) {
      const row = rowOf(index, seed);
      ids.fill(padToken);
      ids.set(sequences[row]);
      label[0] = labels[row];
    },
  });
}
