import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  ShapeError,
  type StateTree,
  type StreamStep,
  VariantLayer,
} from '@variants/core';
import {dilatedAttention} from './dilated-attention';
import {continueDilatedAttention, type DilatedCache, firstCache, type StreamSettings} from './dilated-cache';
import {patternsOf} from './patterns';
import {type AddChild, type DilatedLayerConfig, DilatedProjections} from './projections';

/**
 * Causal dilated attention (Ding et al. 2023, section 3), [batch, time, hidden] to the same:
 *
 *     q, k, v = x W_q, x W_k, x W_v, in heads;      y = norm(dilatedAttention(q, k, v)) W_o
 *
 * A stream remembers what later tokens can still see: ceil(w_i / r_i) keys and values of each pattern, not the sequence.
 *
 * Children `queries`, `keys`, `values`, `output` [hidden, hidden], with biases, and `norm`.
 */
export class CausalDilatedAttention extends CausalLayer<DilatedLayerConfig> {
  static readonly className = 'LongNetCausalDilatedAttention';
  private parts!: DilatedProjections;

  override build(inputShape: tf.Shape): void {
    const add: AddChild = (name, layer, shape) => this.child(name, layer, shape);
    this.parts = new DilatedProjections(this.config, this.path, inputShape, add);
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.requirePlain(options);
    const {queries, keys, values} = this.parts.project(x);
    const found = dilatedAttention(queries, keys, values, {...this.parts.options(options), causal: true});
    return this.parts.finish(found.output);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    this.requirePlain(options);
    const before = state as DilatedCache | null;
    const piece = this.parts.project(x);
    const {capacity} = options;
    if (before === null) {
      const {queries, keys, values} = piece;
      const found = dilatedAttention(queries, keys, values, {...this.parts.options(options), causal: true});
      return {output: this.parts.finish(found.output), state: firstCache(piece, this.settings, capacity)};
    }
    const [batch, cachedBatch] = [x.shape[0] as number, before.patterns[0].keys.shape[0]];
    if (batch !== cachedBatch)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${cachedBatch}`);
    const {output, cache} = continueDilatedAttention(piece, before, this.settings, capacity);
    return {output: this.parts.finish(output), state: cache};
  }

  private get settings(): StreamSettings {
    return {patterns: patternsOf(this.config), xPosScaleBase: this.parts.xPosScaleBase};
  }

  private requirePlain({attentionMask, prefix}: ForwardOptions): void {
    if (attentionMask)
      throw new ConfigError(
        `${this.path}: takes no attentionMask, as padding would change the segments that tokens are in; run rows of other lengths one by one`,
      );
    if (prefix) throw new ConfigError(`${this.path}: takes no prefix, as dilated attention of a prompt is not defined`);
  }
}
tf.serialization.registerClass(CausalDilatedAttention);

/** Options of {@link DilatedAttention}. */
export interface DilatedAttentionConfig extends DilatedLayerConfig {
  /**
   * Whether the zeros that fill up segments are hidden; if not, they take part as keys of score 0, as in the authors' code.
   * Default false.
   */
  maskFilling?: boolean;
}

/**
 * {@link CausalDilatedAttention} that looks both ways, [batch, time, hidden] to the same. Padding that an `attentionMask` tells
 * of, at the end of rows, is not looked at.
 */
export class DilatedAttention extends VariantLayer<DilatedAttentionConfig> {
  static readonly className = 'LongNetDilatedAttention';
  private parts!: DilatedProjections;

  override build(inputShape: tf.Shape): void {
    const add: AddChild = (name, layer, shape) => this.child(name, layer, shape);
    this.parts = new DilatedProjections(this.config, this.path, inputShape, add);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {queries, keys, values} = this.parts.project(x);
    const {attentionMask: mask} = options;
    const {maskFilling} = this.config;
    const found = dilatedAttention(queries, keys, values, {...this.parts.options(options), mask, maskFilling});
    return this.parts.finish(found.output);
  }
}
tf.serialization.registerClass(DilatedAttention);
