import * as tf from '@tensorflow/tfjs';
import {expect} from 'vitest';
import type {VariantLayer} from '../../src/layers/layer';
import {normalPlain, type Plain} from '../kernels/gradient-check';
import {artifactsOf} from '../saved-model';

/** Builds a layer as a first use does, with an input of a shape or with several of them. */
export function build<L extends tf.layers.Layer>(layer: L, ...inputShapes: tf.Shape[]): L {
  const inputs = inputShapes.map((shape) => tf.input({shape: shape.slice(1)}));
  layer.apply(inputs.length === 1 ? inputs[0] : inputs);
  return layer;
}

/** Builds a layer, gives its weights random values and returns those by their names without the layer's own. */
export function buildWithRandomWeights(layer: VariantLayer, inputShape: tf.Shape, seed = 0): Record<string, Plain> {
  return drawWeights(build(layer, inputShape), seed);
}

/** Gives the weights of a layer random values and returns those by their names without the layer's own. */
export function drawWeights(layer: VariantLayer, seed: number): Record<string, Plain> {
  const values: Record<string, Plain> = {};
  for (const weight of layer.weights) {
    const name = weight.originalName.slice(layer.name.length + 1);
    values[name] = normalPlain(weight.shape as number[], seed, name);
    tf.tidy(() => {
      weight.write(toTensor(values[name]));
    });
  }
  return values;
}

export function toTensor({shape, data}: Plain): tf.Tensor {
  return tf.tensor(data, shape, 'float32');
}

/** A layer's output as plain numbers, with its shape. */
export function apply(layer: tf.layers.Layer, x: Plain | tf.Tensor, options: object = {}): Plain {
  return tf.tidy(() => {
    const y = layer.apply(x instanceof tf.Tensor ? x : toTensor(x), options) as tf.Tensor;
    return {shape: y.shape, data: Array.from(y.dataSync())};
  });
}

/**
 * Puts layers into a `tf.sequential`, fits it for a step, saves and loads it: every trainable weight must have moved, and
 * the loaded model must have the same names and give the same bits.
 * @param x [batch, ...]; the targets of the step are ones.
 */
export async function checkInSequential(layers: tf.layers.Layer[], x: tf.Tensor): Promise<void> {
  const inputLayer = tf.layers.inputLayer({inputShape: x.shape.slice(1), dtype: x.dtype});
  const model = tf.sequential({layers: [inputLayer, ...layers]});
  const before = weightsOf(model);
  const y = tf.ones([x.shape[0], ...(model.outputs[0].shape.slice(1) as number[])]);
  model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
  const {history} = await model.fit(x, y, {epochs: 1, verbose: 0});
  expect(history.loss[0]).toBeGreaterThan(0);
  const after = weightsOf(model);
  for (const weight of model.trainableWeights)
    expect(after.get(weight.originalName), weight.originalName).not.toEqual(before.get(weight.originalName));

  const loaded = await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)));
  expect(weightsOf(loaded)).toEqual(after);
  tf.tidy(() => {
    expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual((model.predict(x) as tf.Tensor).dataSync());
  });
  loaded.dispose();
  model.dispose();
  tf.dispose([x, y]);
}

function weightsOf(model: tf.LayersModel): Map<string, ArrayLike<number>> {
  const values = new Map(model.weights.map((weight) => [weight.originalName, weight.read().dataSync().slice()]));
  expect(values.size, 'different names').toBe(model.weights.length);
  return values;
}
