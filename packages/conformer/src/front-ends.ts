import * as tf from '@tensorflow/tfjs';
import {
  Dropout,
  type ForwardOptions,
  firstShape,
  gelu,
  type LayerOptions,
  lastDimension,
  ones,
  sinusoids,
  uniform,
  VariantLayer,
  withoutPadding,
  zeros,
} from '@variants/core';

/**
 * Takes the mean of each feature away and multiplies it: (x - mean) scale, as statistics of the training data say (Kaldi's
 * global cmvn). Weights, which are not trained, `mean` and `scale` [features], at first 0 and 1.
 */
export class FeatureNorm extends VariantLayer {
  static readonly className = 'ConformerFeatureNorm';
  private mean!: tf.LayerVariable;
  private scale!: tf.LayerVariable;

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const features = lastDimension(inputShape, this.path);
    this.mean = this.weight('mean', [features], zeros, false);
    this.scale = this.weight('scale', [features], ones, false);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return x.sub(this.mean.read()).mul(this.scale.read());
  }
}
tf.serialization.registerClass(FeatureNorm);

/** Options of {@link Subsampling}. */
export interface SubsamplingConfig {
  /** Channels of both convolutions. */
  channels: number;
}

/** A quarter of the frames, or of the features, that two convolutions leave: floor((floor((n - 1) / 2) - 1) / 2). */
export const subsampled = (n: number): number => Math.floor((Math.floor((n - 1) / 2) - 1) / 2);

/**
 * Makes one frame of four: two convolutions of 3 x 3 frames and features, each with stride 2, no padding and a ReLU, over the
 * features as an image of one channel. [batch, frames, features] to [batch, a quarter of the frames, channels · a quarter of
 * the features], channel by channel. Frame t of the output sees the frames 4 t to 4 t + 6. Weights `filter_1` [9, channels] and
 * `filter_2` [9 channels, channels], by input channel, frame and feature, with `bias_1` and `bias_2`.
 */
export class Subsampling extends VariantLayer<SubsamplingConfig> {
  static readonly className = 'ConformerSubsampling';
  private filters!: tf.LayerVariable[];
  private biases!: tf.LayerVariable[];

  constructor(config: SubsamplingConfig & LayerOptions) {
    super(config);
  }

  override build(): void {
    const {channels} = this.config;
    const sizes = [9, 9 * channels];
    this.filters = sizes.map((size, i) =>
      this.weight(`filter_${i + 1}`, [size, channels], uniform(1 / Math.sqrt(size))),
    );
    this.biases = sizes.map((size, i) => this.weight(`bias_${i + 1}`, [channels], uniform(1 / Math.sqrt(size))));
  }

  forward(x: tf.Tensor): tf.Tensor {
    let image = x.expandDims(3) as tf.Tensor4D;
    for (const [i, filter] of this.filters.entries()) {
      const [channels, outputs] = [image.shape[3], this.config.channels];
      const taps = filter.read().reshape([channels, 9, outputs]).transpose([1, 0, 2]);
      const whole = taps.reshape([3, 3, channels, outputs]) as tf.Tensor4D;
      image = tf.conv2d(image, whole, 2, 'valid').add(this.biases[i].read()).relu();
    }
    const [batch, frames, features, channels] = image.shape;
    return image.transpose([0, 1, 3, 2]).reshape([batch, frames, channels * features]);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, frames, features] = firstShape(inputShape);
    return [batch, frames && subsampled(frames), this.config.channels * subsampled(features as number)];
  }
}
tf.serialization.registerClass(Subsampling);

/** The convolutions over samples of wav2vec 2.0 (Baevski et al. 2020), one after the other; lists have a number for each. */
export interface WaveformConvolutions {
  /** Channels of each. */
  channels: readonly number[];
  /** Samples, or frames of the one before, that each sees. */
  kernelSizes: readonly number[];
  /** Steps of each. */
  strides: readonly number[];
  /** Biases. */
  useBias: boolean;
  /** 'group': the first one normalises each channel over the whole utterance; 'layer': each one every frame. */
  norm: 'group' | 'layer';
}

/**
 * From samples [batch, samples] to frames [batch, frames, channels]: convolutions with GELU behind a norm, see
 * {@link WaveformConvolutions}. Weights `filter_i` [channels before · size, channels], by channel and sample, `bias_i` where
 * there are biases, and of norms `scale_i` and `shift_i` [channels].
 */
export class Waveform extends VariantLayer<WaveformConvolutions> {
  static readonly className = 'ConformerWaveform';
  private convolutions!: {filter: tf.LayerVariable; bias?: tf.LayerVariable; norm?: tf.LayerVariable[]}[];

  constructor(config: WaveformConvolutions & LayerOptions) {
    super(config);
  }

  override build(): void {
    const {channels, kernelSizes, useBias, norm} = this.config;
    this.convolutions = channels.map((outputs, i) => {
      const size = (channels[i - 1] ?? 1) * kernelSizes[i];
      const initializer = uniform(1 / Math.sqrt(size));
      const hasNorm = norm === 'layer' || i === 0;
      return {
        filter: this.weight(`filter_${i}`, [size, outputs], initializer),
        ...(useBias && {bias: this.weight(`bias_${i}`, [outputs], initializer)}),
        ...(hasNorm && {
          norm: [this.weight(`scale_${i}`, [outputs], ones), this.weight(`shift_${i}`, [outputs], zeros)],
        }),
      };
    });
  }

  forward(samples: tf.Tensor): tf.Tensor {
    const {kernelSizes, strides} = this.config;
    return this.convolutions.reduce<tf.Tensor>((x, {filter, bias, norm}, i) => {
      const [channels, outputs] = [x.shape[2] as number, filter.shape[1] as number];
      const taps = filter.read().reshape([channels, kernelSizes[i], outputs]).transpose([1, 0, 2]) as tf.Tensor3D;
      const y = tf.conv1d(x as tf.Tensor3D, taps, strides[i], 'valid');
      return gelu(this.normed(bias ? y.add(bias.read()) : y, norm));
    }, samples.expandDims(2));
  }

  private normed(x: tf.Tensor, norm: tf.LayerVariable[] | undefined): tf.Tensor {
    if (!norm) return x;
    // Over all frames of a channel, or all channels of a frame.
    const {mean, variance} = tf.moments(x, this.config.norm === 'group' ? 1 : 2, true);
    const [scale, shift] = norm.map((weight) => weight.read());
    return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(scale).add(shift);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const {channels} = this.config;
    return [firstShape(inputShape)[0], null, channels[channels.length - 1]];
  }
}
tf.serialization.registerClass(Waveform);

/** Options of {@link EnterBlocks}. */
export interface EnterBlocksConfig {
  /** Multiplies by the root of the width. */
  scale: boolean;
  /** Adds sinusoids of the positions. */
  sinusoids: boolean;
  /** Zeroes frames that are padding. */
  zeroes: boolean;
  /** Dropout, in training. */
  dropout: number;
}

/** What becomes of x [batch, frames, hidden] before the first block. Takes `attentionMask`. No weights. */
export class EnterBlocks extends VariantLayer<EnterBlocksConfig> {
  static readonly className = 'ConformerEnterBlocks';
  private dropout!: Dropout;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.dropout = this.child('dropout', new Dropout({rate: this.config.dropout}), firstShape(inputShape));
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.from(0, x, options);
  }

  /** {@link forward} of frames behind `offset` others. */
  from(offset: number, x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {scale, sinusoids: adds, zeroes} = this.config;
    const [, frames, hiddenSize] = x.shape as number[];
    const scaled = scale ? x.mul(Math.sqrt(hiddenSize)) : x;
    const positions = () =>
      sinusoids(
        Array.from({length: frames}, (_, t) => offset + t),
        hiddenSize,
      );
    const placed = adds ? scaled.add(positions()) : scaled;
    return this.dropout.forward(withoutPadding(placed, zeroes ? options.attentionMask : undefined), options);
  }
}
tf.serialization.registerClass(EnterBlocks);
