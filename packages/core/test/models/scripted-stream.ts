import * as tf from '@tensorflow/tfjs';
import type {TokenStream} from '../../src/models/generation-window';
import {StreamState} from '../../src/streams/stream-state';

/** A model that says given ids, one after the other, whatever it is fed. */
export function scriptedStream(vocabSize: number, script: readonly number[]): TokenStream {
  let place = 0;
  const logits = () => tf.tidy(() => tf.oneHot([[script[place++]]], vocabSize).mul(9));
  return {
    contextLength: null,
    stream: (tokens, state) => {
      const length = (state?.length ?? 0) + tokens.length;
      state?.dispose();
      return {logits: logits(), state: new StreamState({}, length)};
    },
    nextLogits: logits,
  };
}
