import * as tf from '@tensorflow/tfjs';
import {type Example, ignoredTarget} from '@variants/core';

/** An example of a language model with all of its tokens as inputs, of which the last has no target. */
export function wholeExample({targets}: Example, inputs: tf.Tensor2D): Example {
  const none = tf.fill([inputs.shape[0], 1], ignoredTarget, 'int32');
  return {inputs, targets: tf.concat([targets as tf.Tensor2D, none], 1)};
}
