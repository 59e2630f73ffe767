import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, type LayerOptions, lastDimension, ones, VariantLayer, zeros} from '@variants/core';

/** Options of {@link FrameBatchNorm}. */
export interface FrameBatchNormConfig {
  /** Added to the variance under the root. Default 1e-5. */
  epsilon?: number;
}

/** How much of a batch's statistics the running ones take over. */
const momentum = 0.1;

/**
 * Normalises each channel over all frames of a batch (Ioffe and Szegedy 2015), [batch, frames, channels] to the same:
 *
 *     y = (x - mean) / sqrt(variance + epsilon) * weight + bias
 *
 * In training mean and variance are the batch's, padding included, and the running ones move towards them by a tenth, the
 * variance towards the unbiased one, as PyTorch's BatchNorm1d has it; else they are the running ones. A layer that is frozen
 * always takes the running ones and leaves them. Weights `weight` and `bias` [channels]; not trained: `running_mean` and
 * `running_var` [channels], `batches`, how many there were, [1].
 */
export class FrameBatchNorm extends VariantLayer<FrameBatchNormConfig> {
  static readonly className = 'ConformerFrameBatchNorm';
  private scale!: tf.LayerVariable;
  private bias!: tf.LayerVariable;
  private mean!: tf.LayerVariable;
  private variance!: tf.LayerVariable;
  private batches!: tf.LayerVariable;

  constructor(config: FrameBatchNormConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape, this.path);
    this.scale = this.weight('weight', [channels], ones);
    this.bias = this.weight('bias', [channels], zeros);
    this.mean = this.weight('running_mean', [channels], zeros, false);
    this.variance = this.weight('running_var', [channels], ones, false);
    this.batches = this.weight('batches', [1], zeros, false);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    if (!this.takesBatch(options)) {
      const {factor, shift} = this.running();
      return x.mul(factor).add(shift);
    }
    const {mean, variance} = tf.moments(x, [0, 1]);
    if (!options.recomputing) this.follow(mean, variance, x.size / mean.size);
    const factor = this.scale.read().mul(variance.add(this.epsilon).rsqrt());
    return x.mul(factor).add(this.bias.read().sub(mean.mul(factor)));
  }

  /** Whether a pass normalises by the batch's own statistics. */
  takesBatch({training}: ForwardOptions): boolean {
    return training && this.trainable;
  }

  /** What the layer does where it takes the running statistics: x factor + shift, [channels] each. */
  running(): {factor: tf.Tensor; shift: tf.Tensor} {
    const factor = this.scale.read().mul(this.variance.read().add(this.epsilon).rsqrt());
    return {factor, shift: this.bias.read().sub(this.mean.read().mul(factor))};
  }

  private get epsilon(): number {
    return this.config.epsilon ?? 1e-5;
  }

  /** Moves the running statistics towards those of a batch of so many frames. */
  private follow(mean: tf.Tensor, variance: tf.Tensor, frames: number): void {
    const towards = (variable: tf.LayerVariable, value: tf.Tensor) =>
      variable.write(
        variable
          .read()
          .mul(1 - momentum)
          .add(value.mul(momentum)),
      );
    towards(this.mean, mean);
    // Of one frame alone there is no unbiased variance.
    towards(this.variance, variance.mul(frames / Math.max(1, frames - 1)));
    this.batches.write(this.batches.read().add(1));
  }
}
tf.serialization.registerClass(FrameBatchNorm);

/**
 * Normalises each utterance over all of its frames and channels, then scales and shifts each channel: GroupNorm with one
 * group (Wu and He 2018) of [batch, frames, channels]. Takes `attentionMask`, which tells what is padding and does not count;
 * without it all frames do. Weights `weight` and `bias` [channels].
 */
export class UtteranceNorm extends VariantLayer<FrameBatchNormConfig> {
  static readonly className = 'ConformerUtteranceNorm';
  private scale!: tf.LayerVariable;
  private bias!: tf.LayerVariable;

  constructor(config: FrameBatchNormConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = lastDimension(inputShape, this.path);
    this.scale = this.weight('weight', [channels], ones);
    this.bias = this.weight('bias', [channels], zeros);
  }

  forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const {mean, variance} = attentionMask ? momentsOf(x, attentionMask) : tf.moments(x, [1, 2], true);
    const normalised = x.sub(mean).mul(variance.add(this.config.epsilon ?? 1e-5).rsqrt());
    return normalised.mul(this.scale.read()).add(this.bias.read());
  }
}
tf.serialization.registerClass(UtteranceNorm);

/** Mean and variance [batch, 1, 1] of the frames of x that are there, of all channels together. */
function momentsOf(x: tf.Tensor, mask: tf.Tensor): {mean: tf.Tensor; variance: tf.Tensor} {
  const there = mask.toFloat().expandDims(2);
  const count = there
    .sum(1, true)
    .maximum(1)
    .mul(x.shape[2] as number);
  const mean = x.mul(there).sum([1, 2], true).div(count);
  return {mean, variance: x.sub(mean).square().mul(there).sum([1, 2], true).div(count)};
}
