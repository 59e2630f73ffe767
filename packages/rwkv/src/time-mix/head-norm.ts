import * as tf from '@tensorflow/tfjs';
import {lastDimension, layerNorm, VariantLayer, zeros} from '@variants/core';
import {type Depth, perFeature} from '../initializers';

/** Options of {@link HeadNorm}. */
export interface HeadNormConfig extends Depth {
  numHeads: number;
  /** What the input is divided by. Default 8. */
  headSizeDivisor?: number;
}

/**
 * Normalises each head of a position alone, then scales and shifts each feature, [..., features] to the same. That the
 * input counts as divided by `headSizeDivisor` is in the epsilon, 1e-5 times its square.
 *
 * Weights `weight`, at first ((1 + layer) / layers)^0.7, and `bias` [features].
 */
export class HeadNorm extends VariantLayer<HeadNormConfig> {
  static readonly className = 'RwkvHeadNorm';
  private scale!: tf.LayerVariable;
  private bias!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    const {layerIndex = 0, numLayers = 1} = this.config;
    this.scale = this.weight(
      'weight',
      [features],
      perFeature(() => ((1 + layerIndex) / numLayers) ** 0.7),
    );
    this.bias = this.weight('bias', [features], zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {numHeads, headSizeDivisor = 8} = this.config;
    const [weight, bias] = [this.scale, this.bias].map((variable) => variable.read().reshape([numHeads, -1]));
    const heads = x.reshape([...x.shape.slice(0, -1), numHeads, -1]);
    return layerNorm(heads, 1e-5 * headSizeDivisor ** 2, {weight, bias}).reshape(x.shape);
  }
}
tf.serialization.registerClass(HeadNorm);
