import type * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, loadCheckpoint, type TensorMapping, type VariantLayer} from '@variants/core';
import type {Actual} from './actual';
import type {GoldenCase} from './golden-case';
import {authorsGradients, gradientsOf} from './gradients';
import {type ProbedOperator, probedOperator, probeLoss} from './probe';

type Tensors = {[name: string]: tf.Tensor};

/** A layer alone, with its weights, and how its authors name these. */
export interface LoadedLayer<Config> {
  readonly layer: VariantLayer;
  readonly layout: CheckpointLayout<Config>;
  readonly config: Config;
}

/** How a layer alone is loaded. */
export interface LoadLayerOptions {
  /** Makes the layer's weights: runs it on something. Default: on the input x. */
  build?: () => unknown;
  /** Tensors of the case that are no weights. Default: none. */
  ignored?: readonly RegExp[];
}

/**
 * Gives a layer, which is not yet built, the weights of a case.
 * @param tensors The layer's weights as a layout names them.
 */
export async function loadLayer(
  golden: GoldenCase,
  layer: VariantLayer,
  tensors: TensorMapping[],
  {build = () => layer.apply(golden.input('x')), ignored}: LoadLayerOptions = {},
): Promise<LoadedLayer<object>> {
  const layout: CheckpointLayout<object> = {
    name: layer.name,
    recognizes: () => true,
    readConfig: () => ({}),
    writeConfig: () => ({}),
    tensors: () => tensors,
    ignored,
  };
  await loadCheckpoint(golden.directory, [layout], () => {
    build();
    return {config: {}, layout, weights: layer.weights};
  });
  return {layer, layout, config: {}};
}

/**
 * A layer alone as a case stores it: its outputs, and the gradients of the probe loss for what it is run with and for all
 * of its weights.
 * @param operator How it is run. Default: on the input x, to the output y with the probe `probe`.
 */
export function probedLayer<Config>(
  golden: GoldenCase,
  loaded: LoadedLayer<Config>,
  operator: Partial<ProbedOperator> = {},
): Actual {
  const {layer} = loaded;
  const {
    inputs = {'input.x': golden.input('x')},
    run = (given): Tensors => ({'output.y': layer.apply(given['input.x']) as tf.Tensor}),
    probes = {'output.y': 'probe'},
    prefix = '',
  } = operator;
  const {gradients} = gradientsOf(layer, () => {
    const outputs = run(inputs);
    return probeLoss(
      ...Object.entries(probes).map(([output, probe]): [tf.Tensor, tf.Tensor] => [
        outputs[output],
        golden.tensor(probe),
      ]),
    );
  });
  return {
    ...probedOperator(golden, {inputs, run, probes, prefix}),
    ...authorsGradients(loaded, gradients, `${prefix}grad.`),
  };
}
