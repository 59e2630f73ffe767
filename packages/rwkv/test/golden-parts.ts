import type * as tf from '@tensorflow/tfjs';
import type {TensorMapping, VariantLayer} from '@variants/core';
import {type Actual, type GoldenCase, gradientsOf, probedOperator} from '@variants-tooling/golden';

/** The values of an authors' tensor as ours. */
const toOurs = ({transpose}: TensorMapping, theirs: tf.Tensor, shape: tf.Shape) =>
  transpose ? theirs.transpose() : theirs.reshape(shape as number[]);

/** Ours as an authors' tensor. */
const toTheirs = ({transpose, shape}: TensorMapping, ours: tf.Tensor) =>
  transpose ? ours.transpose() : shape ? ours.reshape([...shape]) : ours;

/**
 * A mix alone as a case stores it: with the case's weights, the output for the input x and the gradients of the probe
 * loss for x and all weights.
 * @param tensors The layer's weights as a layout names them, without the layer's own name.
 */
export function probedLayer(
  golden: GoldenCase,
  layer: VariantLayer,
  tensors: (ours: string) => TensorMapping[],
): Actual {
  const x = golden.input('x');
  layer.apply(x);
  const weights = golden.weights();
  const mappings = new Map(tensors(`${layer.name}/`).map((mapping) => [mapping.ours, mapping]));
  const mappingOf = (name: string) => mappings.get(name) as TensorMapping;
  layer.setWeights(
    layer.weights.map(({originalName, shape}) => {
      const mapping = mappingOf(originalName);
      return toOurs(mapping, weights[mapping.theirs], shape);
    }),
  );
  const run = (input: tf.Tensor) => layer.apply(input) as tf.Tensor;
  const {gradients} = gradientsOf(layer, () => run(x).mul(golden.tensor('probe')).sum());
  const byWeight = [...gradients].map(([name, gradient]) => {
    const mapping = mappingOf(name);
    return [`grad.${mapping.theirs}`, toTheirs(mapping, gradient)];
  });
  return {
    ...probedOperator(golden, {
      inputs: {'input.x': x},
      run: (inputs) => ({'output.y': run(inputs['input.x'])}),
      probes: {'output.y': 'probe'},
    }),
    'output.y': run(x),
    ...Object.fromEntries(byWeight),
  };
}
