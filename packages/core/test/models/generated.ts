import * as tf from '@tensorflow/tfjs';
import type {TinyModel} from '../tiny-model';

/** What an iterator gives, as a list. */
export async function all<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

/** Adds a value to the logits of all tokens, whose own biases are zero. */
export function setHeadBias(model: TinyModel, value: number) {
  const bias = model.weights.find((weight) => weight.originalName === 'head/bias');
  tf.tidy(() => {
    bias?.write(tf.fill([11], value));
  });
}
