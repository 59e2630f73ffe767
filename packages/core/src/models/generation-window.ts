import type * as tf from '@tensorflow/tfjs';
import {DataError} from '../errors';
import type {StreamState} from '../streams/stream-state';

/** What generates tokens: a model whose sequence can be fed in pieces. */
export interface TokenStream {
  /** The most tokens that it sees, or null where there is no limit. */
  readonly contextLength: number | null;
  /** The most tokens that a generation is to let it see, or null where all of its context is good. Default null. */
  readonly trainedLength?: number | null;
  /** Feeds tokens of one sequence; without a state they are its first. Returns the logits [1, 1, vocabulary] after them. */
  stream(
    tokens: readonly number[],
    state: StreamState | undefined,
    options: {lastOnly: true},
  ): {logits: tf.Tensor; state: StreamState};
  /** The logits [1, 1, vocabulary] after all that was fed. */
  nextLogits(state: StreamState): tf.Tensor;
}

/** Feeds a model the tokens of a generation, as much of them at a time as its context holds. */
export class GenerationWindow {
  private state: StreamState | undefined;
  private readonly limit: number;
  private fed = 0;

  /** @param start The state to go on with; what was fed to it before is not known, and it can only grow. */
  constructor(
    private readonly model: TokenStream,
    start: StreamState | null,
  ) {
    this.state = start?.clone();
    this.limit = start ? Infinity : Math.min(model.contextLength ?? Infinity, model.trainedLength ?? Infinity);
  }

  /** Logits [vocabulary] of the token after `tokens`, which begin with those of the call before. */
  async logitsAfter(tokens: readonly number[]): Promise<Float32Array> {
    const logits = this.feed(tokens);
    try {
      const [batch] = logits.shape;
      if (batch !== 1) throw new DataError(`generate: the state must be of one sequence, but is of ${batch}`);
      return (await logits.data()) as Float32Array;
    } finally {
      logits.dispose();
    }
  }

  dispose(): void {
    this.state?.dispose();
    this.state = undefined;
  }

  private feed(tokens: readonly number[]): tf.Tensor {
    if (tokens.length > this.limit) {
      this.dispose();
      this.fed = tokens.length - this.limit;
    }
    const piece = tokens.slice(this.fed);
    this.fed = tokens.length;
    if (this.state && piece.length === 0) return this.model.nextLogits(this.state);
    const {logits, state} = this.model.stream(piece, this.state, {lastOnly: true});
    this.state = state;
    return logits;
  }
}
