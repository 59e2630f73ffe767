import type * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {gatherRows, type StateTree} from '../streams/state-tree';
import type {Carried, StreamStep} from '../streams/stream-state';
import {type ForwardOptions, VariantLayer} from './layer';

/**
 * A layer whose output at a position depends on that position, earlier ones and the memory of an encoder. It can be fed
 * a sequence in pieces, as a {@link CausalLayer} can, from a state that holds what it needs of the memory.
 *
 * Beside x travel `memory`, what an encoder made of the source, [batch, source time, width], and `memoryMask`
 * [batch, source time], 1 = a token, 0 = padding that no one may look at; without it all are tokens.
 * In a `tf.model` it is applied to [x, memory], or to [x, memory, memoryMask] and where there is one attentionMask.
 */
export abstract class DecoderLayer<Config extends object = object> extends VariantLayer<Config> {
  override get takes(): readonly string[] {
    return ['memory', 'memoryMask'];
  }

  /**
   * The state that a stream begins with: what every step needs of the memory [batch, source time, width].
   * @param carried What travels beside x: the memory too, its mask, and what layers of the encoder gave.
   */
  abstract begin(memory: tf.Tensor, carried: Carried): StateTree;

  /**
   * The state with its rows in another order: row i is row `rows[i]` of before, [rows] int32, of the same source. A beam
   * search calls it between two steps. Runs inside a `tf.tidy` of the caller and leaves the old state's tensors alone.
   * By default all tensors with a row for each of the batch are gathered; a layer may leave alone those that the rows of one
   * source have alike.
   */
  reorder(state: StateTree, rows: tf.Tensor1D): StateTree {
    return gatherRows(state, rows, rows.size);
  }

  /**
   * Continues a stream by `x` [batch, time, ...]; the options' attentionMask is that of x. Runs inside a `tf.tidy` of the
   * caller and leaves the old state's tensors alone.
   */
  abstract advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep;

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Partial<ForwardOptions> = {}): tf.Tensor | tf.Tensor[] {
    const [x, memory, ...masks] = [inputs].flat();
    // A memory has three axes, a mask two.
    if (memory?.rank !== 3 || masks.length > 0) return super.call(inputs, kwargs);
    return super.call(x, {...kwargs, carried: {...kwargs.carried, memory}});
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {carried = {}} = options;
    const {memory} = carried;
    if (!memory) throw new ShapeError(`${this.path}: needs the memory of an encoder, options.carried.memory`);
    return this.advance(x, this.begin(memory, carried), options).output;
  }
}
