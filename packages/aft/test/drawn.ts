import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';

/** A tensor of a normal distribution that is always the same. */
export function drawn(shape: number[], seed: number, name: string, scale = 1): tf.Tensor {
  const random = new Random(seed, name);
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => scale * random.normal()),
    shape,
  );
}
