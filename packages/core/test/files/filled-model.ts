import * as tf from '@tensorflow/tfjs';

/** A model all of whose weights are `value`, as its metadata says. */
export function filledModel(value: number): tf.LayersModel {
  const filled = tf.initializers.constant({value});
  const layer = tf.layers.dense({units: 50, inputShape: [20], kernelInitializer: filled, biasInitializer: filled});
  const model = tf.sequential({layers: [layer]});
  model.setUserDefinedMetadata({value});
  return model;
}
