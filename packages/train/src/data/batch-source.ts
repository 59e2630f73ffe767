import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import {requireSeed, requireWhole} from '../checks';

/** One step's data; whoever asked for it disposes it. */
export interface Batch {
  /** Token ids, int32 [batch, time]. */
  inputs: tf.Tensor2D;
  /** What the logits at each position must predict, already shifted, int32 [batch, time]; -100 where nothing counts. */
  targets: tf.Tensor2D;
}

/** Where a training or an evaluation takes its batches from. */
export interface BatchSource {
  /** Every token id is below this: the least `vocabSize` of a model. */
  readonly vocabSize: number;
  /** Positions of an example: the time axis of a batch. */
  readonly tokensPerExample: number;
  /** Examples in one pass; Infinity where a pass has no end. */
  readonly numExamples: number;
  /** UTF-8 bytes that a predicted token stands for, on average; absent where tokens are no text. */
  readonly bytesPerToken?: number;
  /**
   * What tells the examples from others of the same size, in a few words for messages: a resumed run compares it with what
   * was saved. Absent where a source cannot tell; then a run resumes on whatever it is given.
   */
  fingerprint?(): string;
  /**
   * The batch of a step: a pure function of its arguments, so that resuming a run needs the number of the step alone. Row
   * i is example `step * batchSize + i`; the last batch of a finite source may have fewer rows.
   * @param step from 0
   * @param batchSize rows
   * @param seed of the random numbers, from 0 to 2^32 - 1
   * @throws ConfigError for a step behind the last, or an argument that is no such number
   */
  batch(step: number, batchSize: number, seed: number): Batch;
}

/** How the examples of a source are made, one by one. */
export interface ExampleSource extends Omit<BatchSource, 'batch'> {
  /** What errors call the source. */
  readonly name: string;
  /** Writes example `index` into two rows of length tokensPerExample. */
  writeExample(index: number, seed: number, inputs: Int32Array, targets: Int32Array): void;
}

/** Makes batches out of examples. */
export function batchSource(examples: ExampleSource): BatchSource {
  const {name, vocabSize, tokensPerExample, numExamples, bytesPerToken, fingerprint} = examples;

  function numRows(step: number, batchSize: number): number {
    const rows = Math.min(batchSize, numExamples - step * batchSize);
    if (rows > 0) return rows;
    const last = Math.ceil(numExamples / batchSize) - 1;
    throw new ConfigError(
      `${name}: step is ${step}; allowed: up to ${last}, ${numExamples} examples in batches of ${batchSize}`,
    );
  }

  return {
    vocabSize,
    tokensPerExample,
    numExamples,
    bytesPerToken,
    fingerprint,
    batch(step, batchSize, seed) {
      requireWhole(name, 'step', step, 0);
      requireWhole(name, 'batchSize', batchSize, 1);
      requireSeed(name, seed);
      const rows = numRows(step, batchSize);
      const inputs = new Int32Array(rows * tokensPerExample);
      const targets = new Int32Array(rows * tokensPerExample);
      for (let i = 0; i < rows; i++) {
        const [from, to] = [i * tokensPerExample, (i + 1) * tokensPerExample];
        examples.writeExample(step * batchSize + i, seed, inputs.subarray(from, to), targets.subarray(from, to));
      }
      const shape: [number, number] = [rows, tokensPerExample];
      return {inputs: tf.tensor2d(inputs, shape, 'int32'), targets: tf.tensor2d(targets, shape, 'int32')};
    },
  };
}

/** Options of {@link eachBatch}. */
export interface EachBatchOptions {
  /** Rows of a batch. */
  batchSize: number;
  /** Default 0. */
  seed?: number;
  /** The first step. Default 0. */
  firstStep?: number;
  /** How many steps; default all of a pass, without end where that has none. */
  steps?: number;
}

/** The batches of one step after the other; each is disposed when the next is asked for, or the loop is left. */
export function* eachBatch(source: BatchSource, options: EachBatchOptions): Generator<Batch, void, undefined> {
  const {batchSize, seed = 0, firstStep = 0, steps = Infinity} = options;
  const end = Math.min(firstStep + steps, Math.ceil(source.numExamples / batchSize));
  for (let step = firstStep; step < end; step++) {
    const batch = source.batch(step, batchSize, seed);
    try {
      yield batch;
    } finally {
      tf.dispose([batch.inputs, batch.targets]);
    }
  }
}
