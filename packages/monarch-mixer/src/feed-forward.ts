import * as tf from '@tensorflow/tfjs';
import {gelu, Linear, lastDimension, VariantLayer} from '@variants/core';
import {BlockDiagonalLinear} from './block-diagonal-linear';

/** Options of {@link MonarchFeedForward}. */
export interface MonarchFeedForwardConfig {
  /** Width I between the two products. */
  intermediateSize: number;
  /** Blocks of both matrices; 1 makes them dense. Default 4. */
  numBlocks?: number;
  /** Half of what the first product gives is a gate of the other half. Default true. */
  gated?: boolean;
}

/**
 * The mixer along features (Fu et al. 2023, figure 1): a feed-forward whose matrices are block-diagonal, one factor of a
 * Monarch matrix each (see `monarch.ts`). [..., hidden] to the same.
 *
 *     down(gelu(a) * b),  [a, b] = up x      or, without gate,      down(gelu(up x))
 *
 * Children `up` [hidden to 2 I or I, without bias] and `down` [I to hidden]: a BlockDiagonalLinear each, or of one block
 * a Linear.
 */
export class MonarchFeedForward extends VariantLayer<MonarchFeedForwardConfig> {
  static readonly className = 'MonarchFeedForward';
  private up!: VariantLayer & {forward(x: tf.Tensor): tf.Tensor};
  private down!: VariantLayer & {forward(x: tf.Tensor): tf.Tensor};

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize, numBlocks = 4, gated = true} = this.config;
    const linear = (units: number, useBias: boolean) =>
      numBlocks === 1 ? new Linear({units, useBias}) : new BlockDiagonalLinear({units, numBlocks, useBias});
    this.up = this.child('up', linear(gated ? 2 * intermediateSize : intermediateSize, false), [null, hiddenSize]);
    this.down = this.child('down', linear(hiddenSize, true), [null, intermediateSize]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const h = this.up.forward(x);
    if (!(this.config.gated ?? true)) return this.down.forward(gelu(h));
    const [a, b] = tf.split(h, 2, -1);
    return this.down.forward(gelu(a).mul(b));
  }
}
tf.serialization.registerClass(MonarchFeedForward);
