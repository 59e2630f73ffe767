import * as tf from '@tensorflow/tfjs';
import {Random} from '../random';
import {initializationSeed} from './initializers';
import {type ForwardOptions, VariantLayer} from './layer';

/** Options of {@link Dropout}. */
export interface DropoutConfig {
  /** The share of values set to zero in training, 0 to 1; the others grow by 1 / (1 - rate). */
  rate: number;
}

/** Dropout (Srivastava et al. 2014): in training, zeroes a random share of the values. Draws one number per call. */
export class Dropout extends VariantLayer<DropoutConfig> {
  static readonly className = 'VariantsDropout';
  /** For training loops that bring no generator, such as `fit`. */
  private ownRandom!: Random;

  override build(): void {
    this.ownRandom = new Random(initializationSeed(), this.path);
  }

  forward(x: tf.Tensor, {training, random = this.ownRandom}: ForwardOptions): tf.Tensor {
    const {rate} = this.config;
    if (!training || rate === 0) return x;
    return tf.dropout(x, rate, undefined, random.next());
  }

  /** {@link forward} where it changes anything. */
  inTraining(options: ForwardOptions): ((x: tf.Tensor) => tf.Tensor) | undefined {
    return options.training && this.config.rate > 0 ? (x) => this.forward(x, options) : undefined;
  }
}
tf.serialization.registerClass(Dropout);
