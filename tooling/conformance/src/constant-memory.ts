import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '@variants/core';
import {assert} from './assert';

/**
 * Generates many tokens after a prompt: there must be as many tensors afterwards as before, and the state must have the
 * same size all along. For models whose memory of the past does not grow. The model is the caller's to dispose.
 */
export async function generatesInConstantMemory(model: LanguageModel, maxTokens: number): Promise<void> {
  const first = model.stream([1]);
  const {bytes} = first.state;
  first.logits.dispose();
  const before = tf.memory().numTensors;
  let count = 0;
  for await (const _ of model.generate([1, 2], {maxTokens, seed: 1, state: first.state})) count++;
  assert(count === maxTokens, `generated ${count} tokens of ${maxTokens}`);
  const after = tf.memory().numTensors;
  assert(after === before, `there are ${after} tensors, and were ${before}`);
  assert(first.state.bytes === bytes, `the state that was given has ${first.state.bytes} bytes, and had ${bytes}`);
  const next = model.stream([3], first.state);
  assert(next.state.bytes === bytes, `the next state has ${next.state.bytes} bytes, and the first ${bytes}`);
  next.state.dispose();
  next.logits.dispose();
}
