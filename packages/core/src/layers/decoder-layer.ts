import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
import {type ForwardOptions, VariantLayer} from './layer';

/** How a {@link DecoderLayer} runs. */
export interface DecoderOptions extends ForwardOptions {
  /** What an encoder made of the source, [batch, source time, width]. */
  memory?: tf.Tensor;
  /** [batch, source time], 1 = a token, 0 = padding that no one may look at. Without it all are tokens. */
  memoryMask?: tf.Tensor;
}

/**
 * A layer whose output at a position depends on that position, earlier ones and the memory of an encoder. It can be fed
 * a sequence in pieces, as a {@link CausalLayer} can, from a state that holds what it needs of the memory.
 *
 * In a `tf.model` it is applied to [x, attentionMask, memory, memoryMask].
 */
export abstract class DecoderLayer<Config extends object = object> extends VariantLayer<Config> {
  /** The state that a stream begins with: what every step needs of the memory [batch, source time, width]. */
  abstract begin(memory: tf.Tensor): StateTree;

  /**
   * Continues a stream by `x` [batch, time, ...]; the options' attentionMask is that of x. Runs inside a `tf.tidy` of the
   * caller and leaves the old state's tensors alone.
   */
  abstract advance(x: tf.Tensor, state: StateTree, options: DecoderOptions): StreamStep;

  forward(x: tf.Tensor, options: DecoderOptions): tf.Tensor {
    if (!options.memory) throw new ShapeError(`${this.path}: needs the memory of an encoder in the options`);
    return this.advance(x, this.begin(options.memory), options).output;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<DecoderOptions> = {}): tf.Tensor {
    const [x, attentionMask, memory, memoryMask] = [inputs].flat();
    const options = {attentionMask, memory, memoryMask, ...kwargs, training: kwargs.training === true};
    return tf.tidy(() => this.forward(x, options));
  }
}
