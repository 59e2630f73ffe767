import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {layerNorm} from '../kernels/layer-norm';
import {rmsNorm} from '../kernels/rms-norm';
import {ones, zeros} from './initializers';
import {type LayerOptions, lastDimension, VariantLayer} from './layer';

/** Options of the normalisation layers. */
export interface NormConfig {
  /** Added to the variance under the root. Default 1e-5 (LayerNorm, GroupNorm), 1e-6 (RMSNorm). */
  epsilon?: number;
}

/** Options of {@link RMSNorm}. */
export interface RMSNormConfig extends NormConfig {
  /** Multiplies with a weight. Default true. */
  useWeight?: boolean;
}

/** y = rmsNorm(x) * weight (Zhang and Sennrich 2019). Weight `weight` [features], at first ones. */
export class RMSNorm extends VariantLayer<RMSNormConfig> {
  static readonly className = 'VariantsRMSNorm';
  private scale?: tf.LayerVariable;

  constructor(config: RMSNormConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    if (this.config.useWeight ?? true) this.scale = this.weight('weight', [features], ones);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return rmsNorm(x, this.config.epsilon ?? 1e-6, this.scale?.read());
  }
}
tf.serialization.registerClass(RMSNorm);

/** Options of {@link LayerNorm}. */
export interface LayerNormConfig extends NormConfig {
  /** Adds a bias. Default true. */
  useBias?: boolean;
}

/** y = layerNorm(x) * weight + bias (Ba, Kiros and Hinton 2016). Weights `weight` [features] and `bias` [features]. */
export class LayerNorm extends VariantLayer<LayerNormConfig> {
  static readonly className = 'VariantsLayerNorm';
  private scale!: tf.LayerVariable;
  private bias?: tf.LayerVariable;

  constructor(config: LayerNormConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    this.scale = this.weight('weight', [features], ones);
    if (this.config.useBias ?? true) this.bias = this.weight('bias', [features], zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.config.epsilon ?? 1e-5, {weight: this.scale.read(), bias: this.bias?.read()});
  }
}
tf.serialization.registerClass(LayerNorm);

/** Options of {@link GroupNorm}. */
export interface GroupNormConfig extends NormConfig {
  /** The last axis is cut into this many groups, each normalised alone. */
  numGroups: number;
}

/**
 * Normalises each group of features of a position alone (Wu and He 2018, over one position), then scales and shifts each
 * feature. Weights `weight` [features] and `bias` [features].
 */
export class GroupNorm extends VariantLayer<GroupNormConfig> {
  static readonly className = 'VariantsGroupNorm';
  private scale!: tf.LayerVariable;
  private bias!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    const {numGroups} = this.config;
    if (features % numGroups !== 0)
      throw new ShapeError(
        `${this.path}: ${features} features cannot be cut into numGroups = ${numGroups} equal groups`,
      );
    this.scale = this.weight('weight', [features], ones);
    this.bias = this.weight('bias', [features], zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {numGroups, epsilon} = this.config;
    const [weight, bias] = [this.scale, this.bias].map((variable) => variable.read().reshape([numGroups, -1]));
    const groups = x.reshape([...x.shape.slice(0, -1), numGroups, -1]);
    return layerNorm(groups, epsilon ?? 1e-5, {weight, bias}).reshape(x.shape);
  }
}
tf.serialization.registerClass(GroupNorm);
