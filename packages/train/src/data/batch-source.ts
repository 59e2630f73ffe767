import * as tf from '@tensorflow/tfjs';
import {ConfigError, type ModelKind, requireArgument, requireGiven} from '@variants/core';
import {requireSeed, requireWhole} from '../checks';

/** One step's data; whoever asked for it disposes it. */
export interface Batch {
  /** What the model takes, as many tensors as it has inputs; the first axis counts examples. */
  inputs: tf.Tensor | tf.Tensor[];
  /** What its output must be, int32; -100 where nothing counts. */
  targets: tf.Tensor;
}

/** A batch of token ids with a target for each. */
export interface TokenBatch extends Batch {
  /** Token ids, int32 [batch, time]. */
  inputs: tf.Tensor2D;
  /** What the logits at each position must predict, already shifted, int32 [batch, time]; -100 where nothing counts. */
  targets: tf.Tensor2D;
}

/** What a model's configuration must say to take a source's examples; a field that is absent is not asked for. */
export interface SourceNeeds {
  /** Every token id is below this: the least `vocabSize` of a model. */
  readonly vocabSize?: number;
  /** The same of the sources of pairs: the least `sourceVocabSize`. */
  readonly sourceVocabSize?: number;
  /** The same of their targets: the least `targetVocabSize`. */
  readonly targetVocabSize?: number;
  /** Every label of a sequence is below this: the least `numLabels`. */
  readonly numLabels?: number;
  /** Every label of an image is below this: the least `numClasses`. */
  readonly numClasses?: number;
  /** Values of a pixel: the model's `imageChannels`. */
  readonly imageChannels?: number;
  /** Features of a frame of speech: the model's `inputSize`. */
  readonly inputSize?: number;
  /** The label that stands for none in speech: the model's `blank`. */
  readonly blank?: number;
  /** The id that fills up shorter rows: the model's `padToken`, where it has one. */
  readonly padToken?: number;
}

/** Where a training or an evaluation takes its batches from. */
export interface BatchSource<B extends Batch = Batch> extends SourceNeeds {
  /** For which kinds of models it is. Default: language models alone. */
  readonly kinds?: readonly ModelKind[];
  /** Positions of an example: its tokens, those of a pair together, padding included; 1 where an example is no tokens. */
  readonly tokensPerExample: number;
  /** The longest sequence that a model must see. Default tokensPerExample. */
  readonly longestSequence?: number;
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
   * @param seed of the random numbers, from 0 to 2^53 - 1
   * @throws ConfigError for a step behind the last, or an argument that is no such number
   */
  batch(step: number, batchSize: number, seed: number): B;
}

/** One of the tensors of a batch: the shape of an example in it, and its type. */
interface Part {
  shape: readonly number[];
  /** Default 'int32'. */
  dtype?: 'int32' | 'float32';
}

/** The values of one example in one of a batch's tensors, to be written. */
type Row = Int32Array | Float32Array;

/** How the examples of a source are made, one by one. */
export interface ExampleSource<B extends Batch> extends Omit<BatchSource<B>, 'batch'> {
  /** What errors call the source. */
  readonly name: string;
  /** A part for each input of the model. Default: one of tokensPerExample ids. */
  readonly inputs?: readonly Part[];
  /** The shape of an example's targets. Default: one for each of tokensPerExample ids. */
  readonly targets?: readonly number[];
  /** Writes example `index` into a row for each input and one for the targets. */
  writeExample(index: number, seed: number, inputs: Row[], targets: Row): void;
}

/** Makes batches out of examples. */
export function batchSource<B extends Batch>(examples: ExampleSource<B>): BatchSource<B> {
  const {name, inputs: given, targets: targetShape, writeExample, ...source} = examples;
  const {tokensPerExample, numExamples} = source;
  const targets = {shape: targetShape ?? [tokensPerExample]};
  const inputs = given ?? [{shape: [tokensPerExample]}];

  function numRows(step: number, batchSize: number): number {
    const rows = Math.min(batchSize, numExamples - step * batchSize);
    if (rows > 0) return rows;
    const last = Math.ceil(numExamples / batchSize) - 1;
    throw new ConfigError(
      `${name}: step is ${step}; allowed: up to ${last}, ${numExamples} examples in batches of ${batchSize}`,
    );
  }

  return {
    ...source,
    batch(step, batchSize, seed) {
      requireWhole(name, 'step', step, 0);
      requireWhole(name, 'batchSize', batchSize, 1);
      requireSeed(name, seed);
      const rows = numRows(step, batchSize);
      const blocks = [...inputs, targets].map((part) => new Block(rows, part));
      for (let i = 0; i < rows; i++) {
        const some = blocks.map((block) => block.row(i));
        writeExample(step * batchSize + i, seed, some.slice(0, -1), some[some.length - 1]);
      }
      const tensors = tf.tidy(() => blocks.map((block) => block.toTensor()));
      const taken = tensors.slice(0, -1);
      return {inputs: taken.length === 1 ? taken[0] : taken, targets: tensors[tensors.length - 1]} as B;
    },
  };
}

/** The values of a batch's tensor. */
class Block {
  private readonly size: number;
  private readonly values: Row;

  constructor(
    private readonly rows: number,
    private readonly part: Part,
  ) {
    this.size = tf.util.sizeFromShape([...part.shape]);
    const length = rows * this.size;
    this.values = part.dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
  }

  row(i: number): Row {
    return this.values.subarray(i * this.size, (i + 1) * this.size);
  }

  toTensor(): tf.Tensor {
    return tf.tensor(this.values, [this.rows, ...this.part.shape], this.part.dtype ?? 'int32');
  }
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
export function* eachBatch<B extends Batch>(
  source: BatchSource<B>,
  options: EachBatchOptions,
): Generator<B, void, undefined> {
  requireBatches('eachBatch', 'the source', source);
  requireGiven('eachBatch', options, ['batchSize', 'seed', 'firstStep', 'steps']);
  const {batchSize, seed = 0, firstStep = 0, steps = Infinity} = options;
  requireWhole('eachBatch', 'batchSize', batchSize, 1);
  requireWhole('eachBatch', 'firstStep', firstStep, 0);
  if (steps !== Infinity) requireWhole('eachBatch', 'steps', steps, 0);
  const end = Math.min(firstStep + steps, Math.ceil(source.numExamples / batchSize));
  for (let step = firstStep; step < end; step++) {
    const batch = source.batch(step, batchSize, seed);
    try {
      yield batch;
    } finally {
      disposeBatch(batch);
    }
  }
}

/**
 * Throws a ConfigError unless a value is a source of batches.
 * @param owner Who takes it, for the message.
 * @param what Names it there.
 */
export function requireBatches(owner: string, what: string, source: unknown): void {
  const given = (source ?? {}) as {batch?: unknown; training?: unknown; validation?: unknown; kind?: unknown};
  if (typeof given.batch === 'function') return;
  const allowed = 'a source of batches, such as textWindows and taskBatches make';
  if (typeof (given.training as typeof given | undefined)?.batch === 'function')
    throw new ConfigError(
      `${owner}: ${what} is two sources, {training, validation}; give one of them, such as training`,
    );
  requireArgument(owner, what, source, false, allowed);
}

/** Frees a batch's tensors. */
export function disposeBatch({inputs, targets}: Batch): void {
  tf.dispose([inputs, targets]);
}
