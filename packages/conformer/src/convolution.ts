import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activation,
  depthwiseConvolution1d,
  type ForwardOptions,
  LayerNorm,
  type LayerOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  uniform,
  VariantLayer,
  withoutPadding,
} from '@variants/core';
import {FrameBatchNorm, UtteranceNorm} from './batch-norm';

/** What normalises behind the depthwise convolution: over batch and frames, over channels, or over frames and channels. */
export const convolutionNorms = ['batch', 'layer', 'group'] as const;

/** How a model treats frames that are padding. */
export const paddingKinds = ['exact', 'keys', 'zeroed', 'wenet', 'ignored'] as const;

/** One of {@link paddingKinds}, see `ConformerConfig.padding`. */
export type PaddingKind = (typeof paddingKinds)[number];

/** Options of {@link ConvolutionModule}. */
export interface ConvolutionModuleConfig {
  /** Frames that the depthwise convolution sees, an odd number where it looks both ways. */
  kernelSize: number;
  /** Default 'batch'. */
  norm?: (typeof convolutionNorms)[number];
  /** Sees a frame and those before it, and can be fed in pieces, unless the norm is 'group'. Default false. */
  causal?: boolean;
  /** Default 'silu'. */
  activation?: Activation;
  /** Biases of both pointwise convolutions. Default true. */
  pointwiseBias?: boolean;
  /** A bias of the depthwise convolution. Default true. */
  depthwiseBias?: boolean;
  /**
   * What padding is to the depthwise convolution: 'exact': zeros, as what is before the first frame; 'wenet': what the gate
   * makes of zeros, and where the convolution is causal so is what is before the first frame; others: frames as all. Default
   * 'exact'.
   */
  padding?: PaddingKind;
  /** Epsilon of norms but for 'batch', which has 1e-5 as everywhere. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * Conformer's convolution module, [batch, frames, hidden D] to the same, its LayerNorm included (Gulati et al. 2020, section
 * 2.2):
 *
 *     (a, b) = P_1 LayerNorm(x);   h = depthwise(a · sigmoid(b));   y = P_2 activation(norm(h))
 *
 * Takes `attentionMask`, which tells what is padding. Children `norm_in`, `gate` [D, 2 D], `norm` and `output` [D, D]; weights
 * `filter` [size, D] and `bias` [D] of the depthwise convolution.
 */
export class ConvolutionModule extends VariantLayer<ConvolutionModuleConfig> {
  static readonly className = 'ConformerConvolutionModule';
  private normIn!: LayerNorm;
  private gate!: Linear;
  private norm!: FrameBatchNorm | LayerNorm | UtteranceNorm;
  private outputProjection!: Linear;
  private filter!: tf.LayerVariable;
  private bias?: tf.LayerVariable;
  private readonly activate: (x: tf.Tensor) => tf.Tensor;

  constructor(config: ConvolutionModuleConfig & LayerOptions) {
    super(config);
    this.activate = activation(config.activation ?? 'silu');
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const {kernelSize, norm = 'batch', pointwiseBias = true, depthwiseBias = true} = this.config;
    const epsilon = this.config.normEpsilon ?? 1e-5;
    const channels = lastDimension(inputShape, this.path);
    const shape = [null, null, channels];
    this.normIn = this.child('norm_in', new LayerNorm({epsilon}), shape);
    this.gate = this.child('gate', new Linear({units: 2 * channels, useBias: pointwiseBias}), shape);
    const initializer = uniform(1 / Math.sqrt(kernelSize));
    this.filter = this.weight('filter', [kernelSize, channels], initializer);
    if (depthwiseBias) this.bias = this.weight('bias', [channels], initializer);
    const Norm = {batch: FrameBatchNorm, layer: LayerNorm, group: UtteranceNorm}[norm];
    this.norm = this.child('norm', new Norm(norm === 'batch' ? {} : {epsilon}), shape);
    this.outputProjection = this.child('output', new Linear({units: channels, useBias: pointwiseBias}), shape);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.run(x, null, options).output;
  }

  /** The next frames of a stream; `state` null starts one. It remembers kernelSize - 1 frames. */
  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    return this.run(x, state as tf.Tensor | null, options);
  }

  private run(
    x: tf.Tensor,
    before: tf.Tensor | null,
    options: ForwardOptions,
  ): StreamStep<tf.Tensor> & {state: tf.Tensor | null} {
    const {padding = 'exact', causal = false, kernelSize} = this.config;
    const {attentionMask} = options;
    const looksBack = causal && kernelSize > 1;
    const masked = padding === 'wenet' ? attentionMask : undefined;
    const h = withoutPadding(this.normIn.forward(x), masked);
    const {rows, earlier, state} = looksBack
      ? this.afterRows(h, before, options)
      : {rows: this.gated(h, options), earlier: null, state: null};
    const output = this.outputProjection.forward(this.activate(this.normed(rows, earlier, options)));
    return {output: withoutPadding(output, masked), state};
  }

  /** Gated frames, those before them, and what to remember. */
  private afterRows(h: tf.Tensor, before: tf.Tensor | null, options: ForwardOptions) {
    const [batch, frames, channels] = h.shape as number[];
    const past = this.config.kernelSize - 1;
    const known = before ?? tf.zeros([batch, past, channels]);
    const lastOf = (x: tf.Tensor) => x.slice([0, (x.shape[1] as number) - past, 0], [-1, past, -1]);
    if (this.config.padding === 'wenet') {
      // Frames are remembered as they are before the gate, which zeros before the first one pass too.
      const all = tf.concat([known, h], 1);
      const gated = this.gated(all, options);
      const part = (start: number, count: number) => gated.slice([0, start, 0], [-1, count, -1]);
      return {rows: part(past, frames), earlier: part(0, past), state: lastOf(all)};
    }
    const rows = this.gated(h, options);
    return {rows, earlier: known, state: lastOf(tf.concat([known, rows], 1))};
  }

  private gated(h: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const [a, b] = tf.split(this.gate.forward(h), 2, -1);
    const isExact = (this.config.padding ?? 'exact') === 'exact';
    return withoutPadding(a.mul(b.sigmoid()), isExact ? attentionMask : undefined);
  }

  /** The depthwise convolution and the norm; of running statistics that is a convolution too. */
  private normed(rows: tf.Tensor, before: tf.Tensor | null, options: ForwardOptions): tf.Tensor {
    const {norm} = this;
    const [filter, bias] = [this.filter.read(), this.bias?.read()];
    const padding = this.config.causal ? 'causal' : 'centred';
    if (norm instanceof FrameBatchNorm && !norm.takesBatch(options)) {
      const {factor, shift} = norm.running();
      const whole = bias ? shift.add(bias.mul(factor)) : shift;
      return depthwiseConvolution1d(rows, filter.mul(factor), {bias: whole, padding, before});
    }
    const isExact = (this.config.padding ?? 'exact') === 'exact';
    const told = isExact ? options : {...options, attentionMask: undefined};
    return norm.forward(depthwiseConvolution1d(rows, filter, {bias, padding, before}), told);
  }
}
tf.serialization.registerClass(ConvolutionModule);
