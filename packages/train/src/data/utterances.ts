import * as tf from '@tensorflow/tfjs';
import {ConfigError, DataError, isList, Random, requireArgument, requireGiven, shown} from '@variants/core';
import {requireWhole} from '../checks';
import {ignoreIndex} from '../tasks/task';
import {type Batch, type BatchSource, batchSource} from './batch-source';
import {checkRows, requireExamples, rowsFingerprint} from './id-rows';
import {type RowOptions, rowOrder} from './row-order';
import {tokenFingerprint} from './token-fingerprint';

/** A batch of utterances. */
export interface UtteranceBatch extends Batch {
  /** Features [batch, frames, inputSize], 0 behind the end of each, and the frames of each, int32 [batch]. */
  inputs: [features: tf.Tensor3D, lengths: tf.Tensor1D];
  /** The labels of each, int32 [batch, labels]; -100 behind them. */
  targets: tf.Tensor2D;
}

/** What was heard, and what was said. */
export interface Utterance {
  /** Features frame after frame, `inputSize` numbers each. */
  features: Float32Array;
  /** Labels in the order in which they are said; none where nothing is. */
  labels: ArrayLike<number>;
}

/** Options of {@link utterances}. */
export interface UtterancesOptions extends RowOptions {
  /** Features of a frame: the model's `inputSize`. */
  inputSize: number;
  /** Number of different labels, the blank among them. Default: the greatest + 1. */
  vocabSize?: number;
  /** The label that stands for none, which no utterance has: the model's own. Default 0. */
  blank?: number;
  /**
   * Changes the features of a batch, for training, such as by SpecAugment: [batch, frames, inputSize] to the same. It runs in
   * a `tf.tidy`; its random numbers follow from the seed and the step. Default: none.
   */
  augment?: (features: tf.Tensor3D, lengths: readonly number[], random: Random) => tf.Tensor;
}

/**
 * Utterances with what is said in them, for recognisers of speech: features, all as long as the longest utterance, lengths,
 * and labels.
 * @throws DataError when there is no utterance, one has no whole frame, or a label is none.
 */
export function utterances(list: readonly Utterance[], options: UtterancesOptions): BatchSource<UtteranceBatch> {
  const name = 'utterances';
  requireGiven(name, options, ['inputSize', 'vocabSize', 'blank', 'augment', 'shuffle']);
  const {inputSize, blank = 0, augment} = options;
  requireWhole(name, 'inputSize', inputSize, 1);
  requireWhole(name, 'blank', blank, 0);
  const isFunction = augment === undefined || typeof augment === 'function';
  requireArgument(name, 'augment', augment, isFunction, 'a function of features, lengths and random numbers');
  requireExamples(list, name, 'utterances');
  const lengths = Array.from(list, (utterance, i) => framesOf(utterance, i, inputSize));
  const labels = list.map(({labels}) => labels);
  const vocabSize = checkUtteranceLabels(labels, blank, options.vocabSize);
  const frames = lengths.reduce((most, length) => Math.max(most, length));
  const numLabels = labels.reduce((most, {length}) => Math.max(most, length), 1);
  const {numExamples, rowOf} = rowOrder(list.length, options, name);
  const labelled = rowsFingerprint(labels, [lengths, [blank]]);
  let heard: string | undefined;
  const source = batchSource<UtteranceBatch>({
    name,
    kinds: ['speech-recognizer'],
    vocabSize,
    inputSize,
    blank,
    tokensPerExample: 1,
    numExamples,
    fingerprint() {
      heard ??= list.map(({features}) => tokenFingerprint(new Int32Array(Float32Array.from(features).buffer))).join();
      return `features as ${tokenFingerprint(new TextEncoder().encode(heard))}, labels as ${labelled()}`;
    },
    inputs: [{shape: [frames, inputSize], dtype: 'float32'}, {shape: []}],
    targets: [numLabels],
    writeExample(index, seed, [features, length], targets) {
      const row = rowOf(index, seed);
      features.set(list[row].features);
      length[0] = lengths[row];
      targets.fill(ignoreIndex);
      targets.set(labels[row]);
    },
  });
  if (!augment) return source;
  return {
    ...source,
    batch(step, batchSize, seed) {
      const {inputs, targets} = source.batch(step, batchSize, seed);
      const [features, counts] = inputs;
      const rows = Array.from({length: features.shape[0]}, (_, i) => lengths[rowOf(step * batchSize + i, seed)]);
      try {
        const changed = tf.tidy(() => augment(features, rows, new Random(seed, `${name}/augment`, step)).toFloat());
        if (changed !== features) features.dispose();
        return {inputs: [requireSame(changed, features), counts], targets};
      } catch (error) {
        tf.dispose([inputs, targets]);
        throw error;
      }
    },
  };
}

function framesOf(utterance: Utterance, i: number, inputSize: number): number {
  const features: unknown = utterance?.features;
  if (!(features instanceof Float32Array))
    throw new DataError(`utterances: the features of number ${i} are ${shown(features)}, but must be a Float32Array`);
  if (features.length === 0 || features.length % inputSize !== 0)
    throw new DataError(
      `utterances: number ${i} has ${features.length} features; give a whole number of frames of ${inputSize}, at least one`,
    );
  return features.length / inputSize;
}

/** @returns How many labels there are. */
function checkUtteranceLabels(labels: readonly ArrayLike<number>[], blank: number, wanted?: number): number {
  labels.forEach((row, i) => {
    if (!isList(row))
      throw new DataError(`utterances: the labels of number ${i} are ${shown(row)}, but must be a list`);
    if (Array.from(row).includes(blank))
      throw new DataError(`utterances: number ${i} has the label ${blank}, which is the blank; leave it out`);
  });
  const rows = labels.map((row) => (row.length === 0 ? [blank] : row));
  return checkRows([...rows, [blank]], 'utterances: labels', wanted).vocabSize;
}

/** Throws a ConfigError unless augmented features have the shape of the given ones. */
function requireSame(changed: tf.Tensor, features: tf.Tensor3D): tf.Tensor3D {
  if (changed.shape.join() === features.shape.join()) return changed as tf.Tensor3D;
  const shape = changed.shape;
  changed.dispose();
  throw new ConfigError(
    `utterances: augment gives [${shape}], but must give the shape of its features [${features.shape}]`,
  );
}
