import * as tf from '@tensorflow/tfjs';
import {
  attention,
  type ForwardOptions,
  joinHeads,
  type Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  splitHeads,
  writeRing,
} from '@variants/core';
import {localAttention} from './attention';
import {type ChunkedAttentionConfig, ChunkedAttentionLayer} from './heads';
import type {BranchOutput} from './reversible';

/** What a stream of local attention remembers: the keys and values that a query may still see, in a ring. */
type LocalState = {
  /** [batch, heads, chunk (before + 1), size] */
  keys: tf.Tensor;
  values: tf.Tensor;
  /** [] int32: positions so far. */
  length: tf.Scalar;
};

/**
 * Attention within chunks of consecutive positions, see `ops.localAttention`. Children `queries`, `keys`, `values` [hidden,
 * heads · size], `output` [heads · size, hidden]. The state of a stream is as large after a million positions as after a
 * window.
 */
export class LocalAttention extends ChunkedAttentionLayer<ChunkedAttentionConfig> {
  static readonly className = 'ReformerLocalAttention';
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const width = this.config.numHeads * this.config.headSize;
    this.queries = this.projection('queries', width, hiddenSize);
    this.keys = this.projection('keys', width, hiddenSize);
    this.values = this.projection('values', width, hiddenSize);
    this.outputProjection = this.projection('output', hiddenSize, width);
  }

  attend(x: tf.Tensor, options: ForwardOptions): BranchOutput {
    const [q, k, v] = this.heads(x);
    return {output: this.joined(localAttention(q, k, v, this.chunkOptions(options))), kept: []};
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    this.requireCausal(options);
    if (state) this.requireBatch(x, (state as LocalState).keys);
    const [q, k, v] = this.heads(x);
    const {chunksBefore = 1, headSize} = this.config;
    const size = this.chunkLength * (chunksBefore + 1);
    const [batch, heads, time] = k.shape as number[];
    const empty = () => tf.zeros([batch, heads, size, headSize]);
    const before = (state as LocalState | null) ?? {keys: empty(), values: empty(), length: tf.scalar(0, 'int32')};
    const {length} = before;
    const output = state
      ? attention(q, tf.concat([before.keys, k], 2), tf.concat([before.values, v], 2), {
          mask: this.visible(time, size, length as tf.Scalar),
        }).output
      : localAttention(q, k, v, this.chunkOptions(options));
    // A longer piece is written into a copy: who meets with an error may go on from the state as it was.
    const own = (ring: tf.Tensor) => (time === 1 ? ring : ring.clone());
    const write = (ring: tf.Tensor, rows: tf.Tensor) => writeRing(own(ring), rows, length as tf.Scalar);
    const next = {
      keys: write(before.keys, k),
      values: write(before.values, v),
      length: length.add(tf.scalar(time, 'int32')),
    };
    return {output: this.joined(output), state: next};
  }

  /**
   * Which of a ring's places and of the piece's own positions each of its queries sees, [1, 1, time, size + time]: those from
   * the first position of its window on to its own.
   */
  private visible(time: number, size: number, length: tf.Scalar): tf.Tensor {
    const whole = (value: number) => tf.scalar(value, 'int32');
    const queries = tf.range(0, time, 1, 'int32').add(length).expandDims(1);
    // The last position before the piece that was written to a place.
    const last = length.sub(whole(1));
    const places = last.sub(last.sub(tf.range(0, size, 1, 'int32')).mod(whole(size)));
    const positions = tf.concat([places.toInt(), queries.squeeze([1])]).expandDims(0);
    const c = whole(this.chunkLength);
    const first = queries
      .floorDiv(c)
      .sub(whole(this.config.chunksBefore ?? 1))
      .mul(c)
      .maximum(whole(0));
    const isSeen = positions.greaterEqual(first).logicalAnd(positions.lessEqual(queries));
    return isSeen.expandDims(0).expandDims(0);
  }

  private heads(x: tf.Tensor): tf.Tensor[] {
    return [this.queries, this.keys, this.values].map((linear) => splitHeads(linear.forward(x), this.config.numHeads));
  }

  private joined(heads: tf.Tensor): tf.Tensor {
    return this.outputProjection.forward(joinHeads(heads));
  }
}
tf.serialization.registerClass(LocalAttention);
