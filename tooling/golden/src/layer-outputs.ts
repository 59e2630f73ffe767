import type * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, inference, type VariantModel} from '@variants/core';

/** What each layer of a model gives in one pass, by its name, in order. Runs inside a `tf.tidy` of the caller. */
export function layerOutputs(
  model: VariantModel,
  inputs: tf.Tensor | tf.Tensor[],
  options: ForwardOptions = inference,
): Map<string, tf.Tensor> {
  const outputs = new Map<string, tf.Tensor>();
  model.forward(inputs, options, (layer, x, at) => {
    const passed = layer.pass(x, at);
    outputs.set(layer.name, passed.output);
    return passed;
  });
  return outputs;
}
