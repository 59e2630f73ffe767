import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '../errors';
import {originOf, type StateOrigin} from '../streams/state-origin';
import type {StateTree} from '../streams/state-tree';
import {StreamState, type StreamStep} from '../streams/stream-state';
import {type ForwardOptions, inference, VariantLayer} from './layer';

/** Positions `start` to `end` - 1 of a stream that was fed `length` of them. */
export interface StreamSpan {
  start: number;
  end: number;
  length: number;
}

/**
 * A layer whose output at a position depends on that position and earlier ones alone, and which can therefore be fed a
 * sequence in pieces. The law: the outputs of the pieces are the pieces of the output.
 */
export abstract class CausalLayer<Config extends object = object> extends VariantLayer<Config> {
  /** What this layer's states say they are made by, on inputs of some width: formed once, not in each step. */
  private readonly origins = new Map<string, StateOrigin>();

  /** The longest sequence that the layer can see, or null where there is no limit. */
  get contextLength(): number | null {
    return null;
  }

  /**
   * What kind of work it is to take one position behind `fed` others. Steps of one kind do the same on other values, so that
   * one record stands for all of them. Default: all steps are of one kind.
   */
  stepKind(_fed: number): string {
    return '';
  }

  /** The layer on a whole sequence: by default the first piece of a stream, of which nothing is remembered. */
  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.advance(x, null, options).output;
  }

  /**
   * Continues a stream by `x` [batch, time, ...]; `state` null starts one. Runs inside a `tf.tidy` of the caller and
   * leaves the old state's tensors alone.
   */
  abstract advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep;

  /**
   * What the layer remembers without some of the positions, as if those behind them followed on those before them; see
   * `LanguageModel.forget`. Runs inside a `tf.tidy` of the caller and leaves the old state's tensors alone.
   * @throws ConfigError where a layer cannot tell positions apart: by default.
   */
  forget(_state: StateTree, _span: StreamSpan): StateTree {
    throw new ConfigError(
      `${this.path}: cannot forget positions of a stream; attention whose positions are rotary, ALiBi's or none can`,
    );
  }

  /**
   * Feeds the next piece of a sequence, one position or many.
   * @param x [batch, time, ...]
   * @param state What the call before returned (it is used up), or nothing to start a stream.
   * @throws DataError for a state that a layer of another class, of other options or on inputs of another width made.
   */
  stream(x: tf.Tensor, state?: StreamState | null): {output: tf.Tensor; state: StreamState} {
    // By tfjs's own way, else it would not let the layer be disposed.
    if (!this.built) this.apply(tf.input({shape: x.shape.slice(1), dtype: x.dtype}));
    const time = x.shape[1] as number;
    const origin = this.originOn(x.shape.slice(2));
    // A handle of our own, because a layer may well remember or return the very tensor that it was given.
    return StreamState.advance(
      state,
      {name: this.path, time, contextLength: this.contextLength, origin},
      (tree, capacity, fed) => this.advance(x.clone(), tree, {...inference, capacity, fed}),
    );
  }

  private originOn(features: number[]): StateOrigin {
    const width = features.join();
    const origin = this.origins.get(width) ?? originOf(this.getClassName(), {...this.config, features});
    this.origins.set(width, origin);
    return origin;
  }
}
