import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  type ForwardOptions,
  firstShape,
  joinHeads,
  lastDimension,
  ShapeError,
  VariantLayer,
} from '@variants/core';
import {favorAttention, favorSums, readSums} from '../ops/favor-attention';
import {localAttention} from '../ops/local-attention';
import {AttentionParts, type PerformerAttentionConfig} from './attention-parts';
import {placesOf, turning} from './places';
import type {RandomProjection} from './projection';

/** Keys and values in heads, [batch, heads, time, size]. */
export type FavorKeysAndValues = {keys: tf.Tensor; values: tf.Tensor};

/**
 * Attention by random features (FAVOR+) in both directions, in linear time:
 *
 *     q = x W_q;  k = source W_k;  v = source W_v, in heads;      y = concat over heads of favorAttention(q, k, v) · W_o
 *
 * Called with x [batch, time, hidden] it is self-attention, whose `attentionMask` [batch, time] says what is padding; with
 * [x, source] cross-attention to a source [batch, keys, hidden] of any length, without positions and local heads, and with
 * [x, source, mask], or an `attentionMask`, of what is padding there.
 *
 * Children `queries`, `keys`, `values` [hidden, heads · size], `output` [heads · size, hidden], `projection` [m, size].
 */
export class PerformerAttention extends VariantLayer<PerformerAttentionConfig> {
  static readonly className = 'PerformerAttention';
  private parts!: AttentionParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(firstShape(inputShape), this.path);
    const whose = {hiddenSize, path: this.path};
    this.parts = new AttentionParts(this.config, whose, (name, layer, shape) => this.child(name, layer, shape));
  }

  /** The directions of its features, if any. */
  get projections(): RandomProjection[] {
    return this.parts.projection ? [this.parts.projection] : [];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<ForwardOptions> = {}): tf.Tensor | tf.Tensor[] {
    const [x, source, ...beside] = [inputs].flat();
    // A mask has two axes, a source three.
    if (source?.rank !== 3) return super.call(inputs, kwargs);
    const mask = beside[0] ?? kwargs.attentionMask;
    return tf.tidy(() => this.attend(x, this.sumsOf(this.keysAndValues(source), mask)));
  }

  forward(x: tf.Tensor, {attentionMask: mask}: ForwardOptions): tf.Tensor {
    const {queries, keys, values, headSize} = this.parts;
    const [q, k, v] = [queries, keys, values].map((linear) => this.parts.split(linear.forward(x)));
    const heads = [];
    if (q.global && k.global && v.global) {
      const {rotary = true} = this.config;
      const turn = rotary ? turning(placesOf(x.shape[1] as number, null), headSize) : (given: tf.Tensor) => given;
      heads.push(favorAttention(turn(q.global), turn(k.global), v.global, this.parts.favor(mask)));
    }
    if (q.local && k.local && v.local) {
      const {localWindow: window = 256, localForm: form} = this.config;
      heads.push(localAttention(q.local, k.local, v.local, {window, mask, form}));
    }
    return this.joined(heads.length === 1 ? heads[0] : tf.concat(heads, 1));
  }

  /** What a source [batch, keys, hidden] is to the layer. */
  keysAndValues(source: tf.Tensor): FavorKeysAndValues {
    const {localHeads = 0} = this.config;
    if (localHeads > 0)
      throw new ConfigError(
        `${this.path}: localHeads is ${localHeads}, but must be 0 with a source, beside which there are no windows`,
      );
    const heads = (linear: {forward(x: tf.Tensor): tf.Tensor}) => this.parts.split(linear.forward(source)).global;
    return {keys: heads(this.parts.keys) as tf.Tensor, values: heads(this.parts.values) as tf.Tensor};
  }

  /**
   * All that queries need of a source, [batch, heads, m, size + 1], however long that is.
   * @param mask [batch, keys], 1 = a token, 0 = padding. Default: all are tokens.
   */
  sumsOf(source: FavorKeysAndValues, mask?: tf.Tensor): tf.Tensor {
    const [batch, , time] = source.keys.shape;
    if (mask && mask.shape.join() !== [batch, time].join())
      throw new ShapeError(
        `${this.path}: the mask [${mask.shape}] must have the shape [batch, keys] of the source, [${batch},${time}]`,
      );
    return favorSums(source, this.parts.favor(mask));
  }

  /** Cross-attention of x [batch, time, hidden] to a source. */
  attend(x: tf.Tensor, sums: tf.Tensor): tf.Tensor {
    const {global} = this.parts.split(this.parts.queries.forward(x));
    return this.joined(readSums(global as tf.Tensor, sums, this.parts.favor(undefined)));
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return firstShape(inputShape);
  }

  private joined(heads: tf.Tensor): tf.Tensor {
    return this.parts.output.forward(joinHeads(heads));
  }
}
tf.serialization.registerClass(PerformerAttention);
