import type * as tf from '@tensorflow/tfjs';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
import {CausalLayer} from './causal-layer';
import {Dropout} from './dropout';
import type {ForwardOptions, VariantLayer} from './layer';
import {type ResidualConfig, residual} from './residual';

/** The parts of a {@link ResidualBlock}, made anew for each block. */
export interface ResidualBlockParts {
  mixer: CausalLayer;
  feedForward: VariantLayer;
  /** Makes a normalisation; called twice. */
  norm(): VariantLayer;
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
  }

  override get contextLength(): number | null {
    return this.mixer.contextLength;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.compose(x, options, (h) => this.mixer.forward(h, options));
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    let next: StateTree = null;
    const output = this.compose(x, options, (h) => {
      const mixed = this.mixer.advance(h, state, options);
      next = mixed.state;
      return mixed.output;
    });
    return {output, state: next};
  }

  private compose(x: tf.Tensor, options: ForwardOptions, mix: (h: tf.Tensor) => tf.Tensor): tf.Tensor {
    const {config, dropout} = this;
    const mixed = residual(x, mix, {norm: this.mixerNorm, dropout}, config, options);
    const feed = (h: tf.Tensor) => this.feedForward.forward(h, options);
    return residual(mixed, feed, {norm: this.feedForwardNorm, dropout}, config, options);
  }
}
