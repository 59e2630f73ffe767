import * as tf from '@tensorflow/tfjs';
import {type Initializer, LayerNorm, type LayerOptions, ones, VariantLayer} from '@variants/core';

/** What stands before or behind each part of a block: a LayerNorm, a ScaleNorm, or none and a factor behind. */
export type NormKind = 'layer' | 'scale' | 'rezero';

/** y = x / max(|x|, 1e-5) · g (Nguyen and Salazar 2019), without their sqrt(hidden). Weight `weight` g [1], at first 1. */
class ScaleNorm extends VariantLayer {
  static readonly className = 'PerformerScaleNorm';
  private factor!: tf.LayerVariable;

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  override build(): void {
    this.factor = this.weight('weight', [1], ones);
  }

  forward(x: tf.Tensor): tf.Tensor {
    // Where x is 0 the root has no gradient, and the bound takes its place.
    const length = x.square().sum(-1, true).maximum(1e-10).sqrt();
    return x.mul(this.factor.read().div(length));
  }
}
tf.serialization.registerClass(ScaleNorm);

const small: Initializer = (shape) => new Float32Array(shape[0]).fill(1e-3);

/** y = g x (Bachlechner et al. 2020), for what a part gives. Weight `weight` g [1], at first 1e-3. */
class ReZero extends VariantLayer {
  static readonly className = 'PerformerReZero';
  private factor!: tf.LayerVariable;

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  override build(): void {
    this.factor = this.weight('weight', [1], small);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return x.mul(this.factor.read());
  }
}
tf.serialization.registerClass(ReZero);

/** A norm of a kind. */
export function normOf(kind: NormKind, epsilon: number): VariantLayer {
  if (kind === 'scale') return new ScaleNorm();
  return kind === 'rezero' ? new ReZero() : new LayerNorm({epsilon});
}

/** A part of a block with its norm: part(norm x), or with a factor part(x) · g. */
export function normed(norm: VariantLayer, x: tf.Tensor, part: (h: tf.Tensor) => tf.Tensor): tf.Tensor {
  const run = {training: false};
  return norm instanceof ReZero ? norm.forward(part(x)) : part(norm.forward(x, run));
}
