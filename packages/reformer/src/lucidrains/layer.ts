import * as tf from '@tensorflow/tfjs';
import {
  chunkedAttention,
  type ForwardOptions,
  joinHeads,
  Linear,
  lastDimension,
  normal,
  padAxis,
  Random,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
  splitHeads,
  VariantLayer,
} from '@variants/core';
import {drawRotations} from '../hashing';
import type {BranchOutput} from '../reversible';
import {type LucidAttentionOptions, lowest, lucidLshAttention, ownScore, unitLength} from './attention';
import type {LucidReformerConfig} from './config';

/** Options of {@link LucidAttention}: those of the model's configuration that its attention depends on. */
export type LucidAttentionConfig = Pick<
  LucidReformerConfig,
  | 'numHeads'
  | 'headSize'
  | 'bucketSize'
  | 'numHashes'
  | 'oneValueHead'
  | 'numLocalHeads'
  | 'numMemories'
  | 'fullAttention'
  | 'attendAcrossBuckets'
  | 'allowDuplicates'
  | 'rehash'
  | 'rotationsPerHead'
> & {
  causal: boolean;
  /** Turns queries and keys by their positions when they are hashed. */
  rotary: boolean;
  /** Sequences up to this length are not hashed; 0 in a whole model. */
  fullThreshold: number;
};

/**
 * The library's LSHSelfAttention, [batch, time, hidden] to the same. Children `query_keys`, `values`, `output` (with a bias);
 * weight `memories` [1, memories, hidden], where there are some. Sequences are padded to a multiple of 2 bucketSize.
 */
export class LucidAttention extends VariantLayer<LucidAttentionConfig> {
  static readonly className = 'ReformerLucidAttention';
  private queryKeys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;
  private memories?: tf.LayerVariable;
  private given: {shape: number[]; data: Float32Array} | null = null;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, headSize, oneValueHead, numMemories} = this.config;
    const linear = (units: number, useBias = false) => new Linear({units, useBias});
    this.queryKeys = this.child('query_keys', linear(numHeads * headSize), [null, hiddenSize]);
    this.values = this.child('values', linear((oneValueHead ? 1 : numHeads) * headSize), [null, hiddenSize]);
    this.outputProjection = this.child('output', linear(hiddenSize, true), [null, numHeads * headSize]);
    if (numMemories > 0) this.memories = this.weight('memories', [1, numMemories, hiddenSize], normal(1));
  }

  /** Takes these rotations wherever they are of the right shape, or null for its own again. */
  fixRotations(rotations: tf.Tensor | null): void {
    this.given = rotations && {shape: rotations.shape, data: rotations.dataSync<'float32'>().slice()};
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.attend(x, options, null).output;
  }

  /** {@link forward}, and the buckets and the order by them for being run again. */
  attend(x: tf.Tensor, {attentionMask}: ForwardOptions, kept: readonly tf.Tensor[] | null): BranchOutput {
    const {numHeads, numLocalHeads, oneValueHead, numMemories, bucketSize, fullAttention, fullThreshold} = this.config;
    const [batch, time, hidden] = x.shape as number[];
    const isFull = fullAttention || time + numMemories <= fullThreshold;
    const unit = 2 * bucketSize;
    const padded = isFull ? time : Math.ceil((time + numMemories) / unit) * unit - numMemories;
    const rows = [padAxis(x, 1, 0, padded - time)];
    if (this.memories) rows.push(tf.broadcastTo(this.memories.read(), [batch, numMemories, hidden]));
    const all = tf.concat(rows, 1);
    const u = splitHeads(this.queryKeys.forward(all), numHeads);
    const own = splitHeads(this.values.forward(all), oneValueHead ? 1 : numHeads);
    const v = oneValueHead ? own.tile([1, numHeads, 1, 1]) : own;
    const hasMask = attentionMask !== undefined || padded > time;
    const tokens = hasMask && padAxis((attentionMask ?? tf.ones([batch, time])).toInt(), 1, 0, padded - time);
    const mask = tokens ? padAxis(tokens, 1, 0, numMemories, 1) : undefined;

    const part = (h: tf.Tensor, from: number, count: number) => h.slice([0, from, 0, 0], [-1, count, -1, -1]);
    const hashedHeads = numHeads - numLocalHeads;
    const outputs: tf.Tensor[] = [];
    let keep: readonly tf.Tensor[] = [];
    if (numLocalHeads > 0) outputs.push(this.local(part(u, 0, numLocalHeads), part(v, 0, numLocalHeads), padded, mask));
    if (hashedHeads > 0) {
      const [ownU, ownV] = [u, v].map((h) => part(h, numLocalHeads, hashedHeads));
      const found = isFull
        ? {output: this.full(ownU, ownV, padded, mask), kept: []}
        : this.hashed(ownU, ownV, padded, mask, kept);
      outputs.push(found.output);
      keep = found.kept;
    }
    const joined = joinHeads(tf.concat(outputs, 1)).slice([0, 0, 0], [-1, time, -1]);
    return {output: this.outputProjection.forward(joined), kept: keep};
  }

  private hashed(
    u: tf.Tensor,
    v: tf.Tensor,
    queries: number,
    mask: tf.Tensor | undefined,
    kept: readonly tf.Tensor[] | null,
  ): BranchOutput {
    const {bucketSize, numHashes, causal, attendAcrossBuckets, allowDuplicates, rehash, rotary} = this.config;
    const [batch, heads, length, size] = u.shape as number[];
    const rows = batch * heads;
    const options: LucidAttentionOptions = {
      ...{bucketSize, numHashes, causal, attendAcrossBuckets, allowDuplicates, rehash},
      rotations: this.rotationsFor(rows, length, size),
      ...(queries < length && {queryLength: queries}),
      ...(mask && {mask: tf.broadcastTo(mask.expandDims(1), [batch, heads, length]).reshape([rows, length])}),
      ...(rotary && {positioned: (x: tf.Tensor) => turned(x, queries)}),
    };
    const known = kept ? {buckets: kept[0], order: kept[1]} : undefined;
    const flat = (x: tf.Tensor) => x.reshape([rows, length, size]);
    const {output, buckets, order} = lucidLshAttention(flat(u), flat(v), options, known);
    return {output: output.reshape([batch, heads, queries, size]), kept: [buckets, order]};
  }

  private rotationsFor(rows: number, length: number, size: number): tf.Tensor {
    const {bucketSize, numHashes, rehash, rotationsPerHead} = this.config;
    const shape = [rotationsPerHead ? rows : 1, size, rehash ? numHashes : 1, length / bucketSize / 2];
    const {given} = this;
    if (given && given.shape.slice(1).join() === shape.slice(1).join()) return tf.tensor(given.data, given.shape);
    return tf.tensor(drawRotations(shape, new Random(0, this.path)), shape);
  }

  /** All positions, with the same scores. */
  private full(u: tf.Tensor, v: tf.Tensor, queries: number, mask: tf.Tensor | undefined): tf.Tensor {
    const [, , length, size] = u.shape as number[];
    const q = u.slice([0, 0, 0, 0], [-1, -1, queries, -1]);
    let scores: tf.Tensor = tf.matMul(q, unitLength(u), false, true).mul(size ** -0.5);
    const rows = tf.range(0, queries, 1, 'int32').expandDims(1);
    const columns = tf.range(0, length, 1, 'int32').expandDims(0);
    const put = (where: tf.Tensor, value: number) => {
      scores = tf.where(tf.broadcastTo(where, scores.shape), value, scores);
    };
    put(rows.equal(columns), ownScore);
    if (mask) {
      const there = mask.greater(0);
      const own = there.slice([0, 0], [-1, queries]).expandDims(2);
      put(own.logicalAnd(there.expandDims(1)).logicalNot().expandDims(1), lowest);
    }
    if (this.config.causal) put(columns.greater(rows).logicalAnd(columns.less(queries)), lowest);
    return tf.matMul(tf.softmax(scores), v);
  }

  /** Windows of 2 bucketSize, and those beside each; behind the last comes one that is hidden. */
  private local(u: tf.Tensor, v: tf.Tensor, queries: number, mask: tf.Tensor | undefined): tf.Tensor {
    const {bucketSize, causal} = this.config;
    const [batch, , , size] = u.shape as number[];
    const window = 2 * bucketSize;
    const length = Math.ceil(queries / window) * window + window;
    const cut = (x: tf.Tensor) => padAxis(x.slice([0, 0, 0, 0], [-1, -1, queries, -1]), 2, 0, length - queries);
    const there = mask ? mask.slice([0, 0], [-1, queries]) : tf.ones([batch, queries], 'int32');
    const {output} = chunkedAttention(cut(u.mul(size ** -0.5)), cut(unitLength(u)), cut(v), {
      chunkLength: window,
      before: 1,
      after: causal ? 0 : 1,
      causal,
      mask: padAxis(there, 1, 0, length - queries),
      selfScore: ownScore,
    });
    return output.slice([0, 0, 0, 0], [-1, -1, queries, -1]);
  }
}
tf.serialization.registerClass(LucidAttention);

/** Rows of x [rows, length, size] turned by their positions, but for those from `count` on. */
function turned(x: tf.Tensor, count: number): tf.Tensor {
  const [, length, size] = x.shape as number[];
  const rotated = rotaryEmbedding(
    x.slice([0, 0, 0], [-1, count, -1]),
    rotaryTables([...Array(count).keys()], rotaryFrequencies(size)),
  );
  return count === length ? rotated : tf.concat([rotated, x.slice([0, count, 0], [-1, -1, -1])], 1);
}
