import * as tf from '@tensorflow/tfjs';
import {
  type ForwardOptions,
  initializationSeed,
  joinHeads,
  type Linear,
  lastDimension,
  Random,
  requireArgument,
  requireCount,
  requireTensors,
  ShapeError,
  type StateTree,
  type StreamStep,
  splitHeads,
} from '@variants/core';
import {type LshAttentionOutputs, lshAttention} from './attention';
import {allowedBuckets, type BucketCount, drawRotations, isBucketCount, lshBuckets, rotationShape} from './hashing';
import {type ChunkedAttentionConfig, ChunkedAttentionLayer} from './heads';
import {appendTo, hashedFrom, type LshMemory, lookBack} from './lsh-decoding';
import type {BranchOutput} from './reversible';

/** Options of {@link LshAttention}. */
export interface LshAttentionConfig extends ChunkedAttentionConfig {
  /** Buckets, an even number or a list of even factors. Default 128. */
  numBuckets?: BucketCount;
  /** Rounds of hashing. Default 1. */
  numHashes?: number;
  /**
   * Seed of the rotations, which are then the same in training and afterwards. Default: in training they are drawn anew in
   * each pass, as in the paper, and otherwise from seed 0.
   */
  hashSeed?: number;
}

/**
 * Attention with shared queries and keys, by hash buckets, see `ops.lshAttention`. Children `query_keys`, `values` [hidden,
 * heads · size], `output` [heads · size, hidden].
 *
 * A stream remembers the vectors of all positions and their buckets. Its first piece sees what a whole sequence sees; each
 * position behind it looks into the buckets as they are then, see `lsh-decoding.ts`.
 */
export class LshAttention extends ChunkedAttentionLayer<LshAttentionConfig> {
  static readonly className = 'ReformerLshAttention';
  private queryKeys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;
  /** For training loops that bring no generator, such as `fit`. */
  private ownRandom!: Random;
  /** Rotations of every pass that draws none. */
  private rotations!: {shape: number[]; data: Float32Array};

  override build(inputShape: tf.Shape): void {
    const {numHashes = 1} = this.config;
    requireArgument(this.path, 'numBuckets', this.numBuckets, isBucketCount(this.numBuckets), allowedBuckets);
    requireCount(this.path, 'numHashes', numHashes);
    const hiddenSize = lastDimension(inputShape, this.path);
    const width = this.config.numHeads * this.config.headSize;
    this.queryKeys = this.projection('query_keys', width, hiddenSize);
    this.values = this.projection('values', width, hiddenSize);
    this.outputProjection = this.projection('output', hiddenSize, width);
    this.ownRandom = new Random(initializationSeed(), this.path);
    this.fixRotations(null);
  }

  private get numBuckets(): BucketCount {
    return this.config.numBuckets ?? 128;
  }

  private get rotationShape(): number[] {
    const {numHeads, headSize, numHashes = 1} = this.config;
    return rotationShape(numHeads, headSize, numHashes, this.numBuckets);
  }

  /**
   * Takes these rotations in every pass that draws none, [heads, size, rounds, Σ factors / 2], or null for its own again.
   * Streams that were begun with others go on with wrong buckets.
   */
  fixRotations(rotations: tf.Tensor | null): void {
    const shape = this.rotationShape;
    if (rotations) {
      requireTensors(this.path, {rotations});
      if (rotations.shape.join() !== shape.join())
        throw new ShapeError(`${this.path}: rotations are [${rotations.shape}], but must be [${shape}]`);
    }
    const data = rotations
      ? rotations.dataSync<'float32'>().slice()
      : drawRotations(shape, new Random(this.config.hashSeed ?? 0, this.path));
    this.rotations = {shape, data};
  }

  attend(x: tf.Tensor, options: ForwardOptions, kept: readonly tf.Tensor[] | null): BranchOutput {
    const [u, v] = this.heads(x);
    const {output, order} = this.hashed(u, v, options, kept);
    return {output: this.joined(output), kept: order ? [order] : []};
  }

  /** The buckets of all positions in each round, as `ops.lshAttention` gives them; null where nothing is hashed. */
  bucketsOf(x: tf.Tensor, options: ForwardOptions): tf.Tensor | null {
    const [u, v] = this.heads(x);
    return this.hashed(u, v, options, null).buckets ?? null;
  }

  private hashed(
    u: tf.Tensor,
    v: tf.Tensor,
    options: ForwardOptions,
    kept: readonly tf.Tensor[] | null,
  ): LshAttentionOutputs {
    // Drawn in a second run too, so that what is drawn behind it is what it was.
    const seed = this.seedIn(options);
    // With no order there was nothing to hash.
    const known = kept ? {order: kept[0] ?? null} : {rotations: this.rotationsOf(seed)};
    return lshAttention(u, v, {...this.chunkOptions(options), numBuckets: this.numBuckets, ...known});
  }

  /** What the rotations of a pass are drawn from; null where they are those of every pass. */
  private seedIn({training, random = this.ownRandom}: ForwardOptions): number | null {
    return training && this.config.hashSeed === undefined ? random.next() : null;
  }

  private rotationsOf(seed: number | null): tf.Tensor {
    const {shape, data} = this.rotations;
    return tf.tensor(seed === null ? data : drawRotations(shape, new Random(seed, this.path)), shape);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    this.requireCausal(options);
    if (state) this.requireBatch(x, (state as LshMemory).vectors);
    const [u, v] = this.heads(x);
    const time = x.shape[1] as number;
    const rotations = this.rotationsOf(null);
    const buckets = lshBuckets(u, rotations, this.numBuckets).transpose([0, 1, 3, 2]);
    const {capacity = time} = options;
    if (!state) {
      const {output, order} = this.hashed(u, v, options, null);
      const isHashed = tf.scalar(order ? 1 : 0, 'int32');
      const memory = appendTo(null, {vectors: u, values: v, buckets}, capacity, isHashed);
      return {output: this.joined(output), state: memory};
    }
    let memory = state as LshMemory;
    const room = Math.max(capacity, memory.vectors.shape[2] as number);
    const sight = {chunkLength: this.chunkLength, before: this.config.chunksBefore ?? 1, numBuckets: this.numBuckets};
    const rows = (tensor: tf.Tensor) => (time === 1 ? [tensor] : tf.split(tensor, time, 2));
    const [vectors, values, codes] = [u, v, buckets].map(rows);
    const outputs = vectors.map((_, i) => {
      const row = {vectors: vectors[i], values: values[i], buckets: codes[i]};
      const extended = appendTo(memory, row, room, memory.isHashed);
      const output = lookBack(extended, sight);
      memory = {...extended, isHashed: hashedFrom(extended, this.chunkLength)};
      return output;
    });
    return {output: this.joined(outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2)), state: memory};
  }

  private heads(x: tf.Tensor): [tf.Tensor, tf.Tensor] {
    const split = (linear: Linear) => splitHeads(linear.forward(x), this.config.numHeads);
    return [split(this.queryKeys), split(this.values)];
  }

  private joined(heads: tf.Tensor): tf.Tensor {
    return this.outputProjection.forward(joinHeads(heads));
  }
}
tf.serialization.registerClass(LshAttention);
