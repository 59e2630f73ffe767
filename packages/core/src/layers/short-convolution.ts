import * as tf from '@tensorflow/tfjs';
import {depthwiseConvolution1d} from '../kernels/depthwise-convolution-1d';
import {withoutPadding} from '../kernels/padding';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
import {CausalLayer} from './causal-layer';
import {uniform} from './initializers';
import {type ForwardOptions, lastDimension} from './layer';

/** Options of {@link ShortConvolution}. */
export interface ShortConvolutionConfig {
  /** Positions that an output depends on: itself and those just before. */
  size: number;
  /** Adds a bias. Default true. */
  useBias?: boolean;
}

/**
 * A short causal convolution of each channel for itself, see {@link depthwiseConvolution1d}. [batch, time, channels] to the
 * same; padding counts as zeros. Weights `filter` [size, channels], its last row for the position itself, and `bias`
 * [channels], at first uniform within 1 / sqrt(size), as PyTorch's Conv1d has them. A stream remembers size - 1 positions.
 */
export class ShortConvolution extends CausalLayer<ShortConvolutionConfig> {
  static readonly className = 'VariantsShortConvolution';
  private filter!: tf.LayerVariable;
  private bias?: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const {size, useBias = true} = this.config;
    const channels = lastDimension(inputShape, this.path);
    const initializer = uniform(1 / Math.sqrt(size));
    this.filter = this.weight('filter', [size, channels], initializer);
    if (useBias) this.bias = this.weight('bias', [channels], initializer);
  }

  override forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    return this.convolve(withoutPadding(x, attentionMask), null);
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const kept = withoutPadding(x, attentionMask);
    const before = state as tf.Tensor | null;
    return {output: this.convolve(kept, before), state: this.rowsAfter(kept, before)};
  }

  private convolve(x: tf.Tensor, before: tf.Tensor | null): tf.Tensor {
    return depthwiseConvolution1d(x, this.filter.read(), {bias: this.bias?.read(), before});
  }

  /** The last size - 1 rows of all that there were. */
  private rowsAfter(x: tf.Tensor, before: tf.Tensor | null): tf.Tensor {
    const [batch, time, channels] = x.shape as number[];
    const rows = this.config.size - 1;
    const all = time >= rows ? x : tf.concat([before ?? tf.zeros([batch, rows, channels]), x], 1);
    return all.slice([0, (all.shape[1] as number) - rows, 0], [batch, rows, channels]);
  }
}
tf.serialization.registerClass(ShortConvolution);
