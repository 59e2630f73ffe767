import type * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  loadCheckpoint,
  type TensorMapping,
  toAuthorsNames,
  type VariantLayer,
} from '@variants/core';
import {type Actual, type GoldenCase, gradientsOf, probedOperator} from '@variants-tooling/golden';

/**
 * A layer alone as a case stores it: with the case's weights, the output for the input x and the gradients of the probe
 * loss for x and all weights.
 * @param layer Is to have the name "part".
 * @param tensors The layer's weights as a layout names them.
 */
export async function probedLayer(golden: GoldenCase, layer: VariantLayer, tensors: TensorMapping[]): Promise<Actual> {
  const x = golden.input('x');
  const layout: CheckpointLayout<object> = {
    name: 'part',
    recognizes: () => true,
    readConfig: () => ({}),
    writeConfig: () => ({}),
    tensors: () => tensors,
    ignored: [/pos_emb\.t$/],
  };
  await loadCheckpoint(golden.directory, [layout], () => {
    layer.apply(x);
    return {config: {}, layout, weights: layer.weights};
  });
  const run = (input: tf.Tensor) => layer.apply(input) as tf.Tensor;
  const {gradients} = gradientsOf(layer, () => run(x).mul(golden.tensor('probe')).sum());
  const named = [...toAuthorsNames(layout, {}, gradients)];
  return {
    ...probedOperator(golden, {
      inputs: {'input.x': x},
      run: (inputs) => ({'output.y': run(inputs['input.x'])}),
      probes: {'output.y': 'probe'},
    }),
    ...Object.fromEntries(named.map(([name, gradient]) => [`grad.${name}`, gradient])),
  };
}
