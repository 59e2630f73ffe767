import type * as tf from '@tensorflow/tfjs';
import type {VariantModel} from '@variants/core';

/** How many targets count for a model. */
export async function countTargets(model: VariantModel, targets: tf.Tensor): Promise<number> {
  const counted = model.countTargets(targets);
  try {
    return (await counted.data())[0];
  } finally {
    counted.dispose();
  }
}
