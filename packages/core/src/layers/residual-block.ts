import type * as tf from '@tensorflow/tfjs';
import type {StateTree} from '../models/state-tree';
import type {Advanced} from '../models/stream-state';
import {CausalLayer} from './causal-layer';
import {Dropout} from './dropout';
import type {ForwardOptions, VariantLayer} from './layer';

/** The parts of a {@link ResidualBlock}, made anew for each block. */
export interface ResidualBlockParts {
  mixer: CausalLayer;
  feedForward: VariantLayer;
  /** Makes a normalisation; called twice. */
  norm(): VariantLayer;
}

/** How a {@link ResidualBlock} puts its parts together. */
export interface ResidualConfig {
  /** Where the norms stand: 'pre' normalises the input of each part, 'post' each sum. Default 'pre'. */
  normalization?: 'pre' | 'post';
  /** What the skip connection is multiplied with (DeepNorm's alpha, Wang et al. 2022). Default 1. */
  residualScale?: number;
  /** Dropout on each part's output. Default 0. */
  dropout?: number;
}

/**
 * The block that most architectures share: a token mixer and a feed-forward, each with a norm and a skip connection.
 *
 *     pre:    x = α x + mixer(norm x);      x = α x + feedForward(norm x)
 *     post:   x = norm(α x + mixer x);      x = norm(α x + feedForward x)
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`. [batch, time, hidden] to the same.
 */
export abstract class ResidualBlock<Config extends ResidualConfig> extends CausalLayer<Config> {
  private mixer!: CausalLayer;
  private feedForward!: VariantLayer;
  private mixerNorm!: VariantLayer;
  private feedForwardNorm!: VariantLayer;
  private dropout!: Dropout;

  /** Makes the parts for inputs of this shape. */
  protected abstract parts(inputShape: tf.Shape): ResidualBlockParts;

  override build(inputShape: tf.Shape): void {
    const {mixer, feedForward, norm} = this.parts(inputShape);
    this.mixerNorm = this.child('mixer_norm', norm(), inputShape);
    this.mixer = this.child('mixer', mixer, inputShape);
    this.feedForwardNorm = this.child('feed_forward_norm', norm(), inputShape);
    this.feedForward = this.child('feed_forward', feedForward, inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: this.config.dropout ?? 0}), inputShape);
    this.built = true;
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.compose(x, options, (h) => this.mixer.forward(h, options));
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): Advanced {
    let next: StateTree = null;
    const output = this.compose(x, options, (h) => {
      const mixed = this.mixer.advance(h, state, options);
      next = mixed.state;
      return mixed.output;
    });
    return {output, state: next};
  }

  private compose(x: tf.Tensor, options: ForwardOptions, mix: (h: tf.Tensor) => tf.Tensor): tf.Tensor {
    const mixed = this.residual(x, this.mixerNorm, mix, options);
    return this.residual(mixed, this.feedForwardNorm, (h) => this.feedForward.forward(h, options), options);
  }

  private residual(
    x: tf.Tensor,
    norm: VariantLayer,
    part: (h: tf.Tensor) => tf.Tensor,
    options: ForwardOptions,
  ): tf.Tensor {
    const {normalization = 'pre', residualScale = 1} = this.config;
    const skip = residualScale === 1 ? x : x.mul(residualScale);
    const add = (h: tf.Tensor) => skip.add(this.dropout.forward(part(h), options));
    return normalization === 'pre' ? add(norm.forward(x, options)) : norm.forward(add(x), options);
  }
}
