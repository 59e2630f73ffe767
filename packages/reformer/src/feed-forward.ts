import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activation,
  Dropout,
  type ForwardOptions,
  firstShape,
  Linear,
  type LinearConfig,
  lastDimension,
  normal,
  requireCount,
  VariantLayer,
} from '@variants/core';

/** Runs a position-wise function on so many positions of x [batch, time, ...] at a time; 0 for all at once. */
export function inChunks(x: tf.Tensor, length: number, run: (piece: tf.Tensor) => tf.Tensor): tf.Tensor {
  requireCount('chunks', 'chunkLength', length, 0);
  const time = x.shape[1] as number;
  if (length === 0 || time <= length) return run(x);
  const sizes = Array.from({length: Math.ceil(time / length)}, (_, i) => Math.min(length, time - i * length));
  return tf.concat(
    tf.split(x, sizes, 1).map((piece) => tf.tidy(() => run(piece))),
    1,
  );
}

/** Options of {@link ChunkedFeedForward}. */
export interface ChunkedFeedForwardConfig {
  /** Features between the two projections. */
  intermediateSize: number;
  /** Default 'relu'. */
  activation?: Activation;
  /** Positions that are worked on at a time, so that the features between need memory for these alone; 0: all. Default 0. */
  chunkLength?: number;
  /** Dropout before the activation and behind the second projection. Default 0. */
  dropout?: number;
}

/**
 * Position-wise feed-forward in pieces of the sequence (Kitaev et al. 2020, section 3), [batch, time, hidden] to the same:
 *
 *     down(activation(up x))
 *
 * Children `up` [hidden, intermediate], `down` [intermediate, hidden], with biases.
 */
export class ChunkedFeedForward extends VariantLayer<ChunkedFeedForwardConfig> {
  static readonly className = 'ReformerChunkedFeedForward';
  private up!: Linear;
  private down!: Linear;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize, dropout = 0} = this.config;
    const linear = (units: number) => new Linear({units}, {kernel: normal(0.02)});
    this.up = this.child('up', linear(intermediateSize), [null, hiddenSize]);
    this.down = this.child('down', linear(hiddenSize), [null, intermediateSize]);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null, hiddenSize]);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {activation: name = 'relu', chunkLength = 0} = this.config;
    const drop = (h: tf.Tensor) => this.dropout.forward(h, options);
    return inChunks(x, chunkLength, (piece) => drop(this.down.forward(activation(name)(drop(this.up.forward(piece))))));
  }
}
tf.serialization.registerClass(ChunkedFeedForward);

/** Options of {@link ChunkedHead}. */
export interface ChunkedHeadConfig extends LinearConfig {
  /** Positions that are worked on at a time; 0: all. Default 0. */
  chunkLength?: number;
}

/** A Linear in pieces of the sequence, for the logits of a long one. Child `projection`. */
export class ChunkedHead extends VariantLayer<ChunkedHeadConfig> {
  static readonly className = 'ReformerChunkedHead';
  private projection!: Linear;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const {units, useBias} = this.config;
    const linear = new Linear({units, useBias}, {kernel: normal(0.02)});
    this.projection = this.child('projection', linear, [null, lastDimension(inputShape, this.path)]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return inChunks(x, this.config.chunkLength ?? 0, (piece) => this.projection.forward(piece));
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(ChunkedHead);
