import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  Dropout,
  type ForwardOptions,
  LayerNorm,
  Linear,
  lastDimension,
  ShapeError,
  ShortConvolution,
  type StateTree,
  type StreamStep,
  withoutPadding,
} from '@variants/core';
import {ImplicitConvolution, type ImplicitConvolutionConfig} from './long-convolution/implicit-convolution';

/** Options of {@link SequenceMixer}. */
export interface SequenceMixerConfig extends ImplicitConvolutionConfig {
  /** Adds a long convolution of the input itself, without gates. Default true. */
  residualConvolution?: boolean;
  /** A norm of the input, and dropout before and after the gates' second product; the authors' "training additions". Default false. */
  trainingAdditions?: boolean;
  /** The rate of that dropout. Default 0. */
  dropout?: number;
}

/** What a stream remembers: of the short convolution and of the long ones. */
type MixerState = {short: StateTree; convolution: StateTree; residual: StateTree};

/**
 * Monarch Mixer's mixer along the sequence (Fu et al. 2023, section 4): a gated long convolution, [batch, time, hidden] to
 * the same.
 *
 *     x1, x2, v = shortConvolution(u W_in + b_in)
 *     y = x2 * longConvolution(x1 * v) [+ longConvolution(u)]
 *     out = y W_out + b_out
 *
 * The paper's Monarch matrices along positions are the Fourier transforms by which long convolutions are computed, and with
 * `basisBlock` a learned one, see `monarch.ts`. The short convolution is causal even where the long ones look ahead.
 * Children `input` [hidden, 3 hidden], `short_convolution`, `convolution`, `residual_convolution`, `output`
 * [hidden, hidden] and, as a training addition, `norm`.
 */
export class SequenceMixer extends CausalLayer<SequenceMixerConfig> {
  static readonly className = 'MonarchSequenceMixer';
  private norm?: LayerNorm;
  private inputProjection!: Linear;
  private short!: ShortConvolution;
  private convolution!: ImplicitConvolution;
  private residual?: ImplicitConvolution;
  private dropout!: Dropout;
  private outputProjection!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {residualConvolution = true, trainingAdditions = false, dropout = 0, ...convolution} = this.config;
    if (trainingAdditions) this.norm = this.child('norm', new LayerNorm({epsilon: 1e-5}), inputShape);
    this.inputProjection = this.child('input', new Linear({units: 3 * hiddenSize}), inputShape);
    this.short = this.child('short_convolution', new ShortConvolution({size: 3}), [null, null, 3 * hiddenSize]);
    this.convolution = this.child('convolution', new ImplicitConvolution(convolution), inputShape);
    if (residualConvolution)
      this.residual = this.child('residual_convolution', new ImplicitConvolution(convolution), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: trainingAdditions ? dropout : 0}), inputShape);
    this.outputProjection = this.child('output', new Linear({units: hiddenSize}), inputShape);
  }

  /** The filters of the gated convolution, as long as a sequence; see {@link ImplicitConvolution}. */
  filters(time: number): {past: tf.Tensor2D; future?: tf.Tensor2D} {
    return this.convolution.filters(time);
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const u = this.normed(x, options);
    const {gate, v} = this.gates(this.short.forward(this.inputProjection.forward(u), options), options);
    const gated = this.convolution.forward(v, options, gate);
    const residual = this.residual?.forward(withoutPadding(u, options.attentionMask), options);
    return this.finish(residual ? gated.add(residual) : gated, options);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as MixerState | null;
    const u = this.normed(x, options);
    const short = this.short.advance(this.inputProjection.forward(u), before?.short ?? null, options);
    const {gate, v} = this.gates(short.output, options);
    const gated = this.convolution.advance(v, before?.convolution ?? null, options, gate);
    const residual = this.residual?.advance(
      withoutPadding(u, options.attentionMask),
      before?.residual ?? null,
      options,
    );
    return {
      output: this.finish(residual ? gated.output.add(residual.output) : gated.output, options),
      state: {short: short.state, convolution: gated.state, residual: residual?.state ?? null},
    };
  }

  private normed(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    if (attentionMask && this.config.basisBlock)
      throw new ShapeError(
        `${this.path}: in a basis of positions, sequences cannot be padded; feed those of one length`,
      );
    return this.norm ? this.norm.forward(x) : x;
  }

  /** x2, the gate of what is convolved, and x1 * v, which is. */
  private gates(projected: tf.Tensor, options: ForwardOptions): {gate: tf.Tensor; v: tf.Tensor} {
    const [x1, gate, v] = tf.split(projected, 3, -1);
    return {gate, v: this.dropout.forward(withoutPadding(v.mul(x1), options.attentionMask), options)};
  }

  private finish(y: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.outputProjection.forward(this.dropout.forward(y, options));
  }
}
tf.serialization.registerClass(SequenceMixer);
