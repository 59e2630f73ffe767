import * as tf from '@tensorflow/tfjs';

/** WebGPU promises eight buffers to a program, the result's among them. */
const AT_ONCE = 7;

/**
 * The sum of tensors of one shape, a few at a time: tfjs's AddN hands all of them to one program, which WebGPU refuses where
 * they are many, and what it then gives is no sum.
 */
export function sumOf<T extends tf.Tensor>(tensors: readonly T[]): T {
  if (tensors.length <= AT_ONCE) return tf.addN([...tensors]);
  const groups = Array.from({length: Math.ceil(tensors.length / AT_ONCE)}, (_, i) =>
    tensors.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
  return sumOf(groups.map((group) => tf.addN(group)));
}
