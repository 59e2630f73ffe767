import * as tf from '@tensorflow/tfjs';
import type {StreamState} from '@variants/core';

/** A causal layer or a model that generates. */
interface Streams {
  stream(
    piece: tf.Tensor,
    state: StreamState | null,
  ): {state: StreamState} & ({output: tf.Tensor} | {logits: tf.Tensor});
}

/** How a sequence is fed. */
export interface FeedOptions {
  /** Lengths of the pieces. Default: position by position. */
  sizes?: readonly number[];
  /** What comes before it; it is used up. Default: nothing. */
  state?: StreamState;
  /** Sees the state after so many positions. What it keeps it must copy: the next piece uses the state up. */
  look?: (state: StreamState, fed: number) => void;
}

/**
 * Feeds x [batch, time, ...] in pieces, and returns what comes out, as one tensor [batch, time, ...]. Runs inside a scope of
 * the caller, such as a case is.
 */
export function feed(streams: Streams, x: tf.Tensor, {sizes, state: start, look}: FeedOptions = {}): tf.Tensor {
  let state = start ?? null;
  let fed = 0;
  const outputs = tf.split(x, sizes ? [...sizes] : (x.shape[1] as number), 1).map((piece) => {
    const step = streams.stream(piece, state);
    state = step.state;
    fed += piece.shape[1] as number;
    look?.(step.state, fed);
    return 'output' in step ? step.output : step.logits;
  });
  state?.dispose();
  return tf.concat(outputs, 1);
}

/** @throws Error when what a stream gives is further away from what the whole sequence gives than that share of the largest value. */
export async function requireAlike(streamed: tf.Tensor, whole: tf.Tensor, tolerance: number): Promise<void> {
  const relative = tf.tidy(() => streamed.sub(whole).abs().max().div(whole.abs().max()));
  const [distance] = await relative.data();
  relative.dispose();
  if (!(distance < tolerance)) throw new Error(`a stream is ${distance} away from the whole`);
}
