import type * as tf from '@tensorflow/tfjs';
import {ignoreIndex} from '../tasks/task';

/** How many targets are to be predicted, those that are not -100. */
export async function countTargets(targets: tf.Tensor): Promise<number> {
  let count = 0;
  for (const target of await targets.data<'int32'>()) if (target !== ignoreIndex) count++;
  return count;
}
