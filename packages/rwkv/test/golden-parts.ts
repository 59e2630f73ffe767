import * as tf from '@tensorflow/tfjs';
import type {TensorMapping, VariantLayer} from '@variants/core';
import {type Actual, type GoldenCase, gradientsOf} from '@variants-tooling/golden';

/** The values of an authors' tensor as ours. */
const toOurs = ({transpose}: TensorMapping, theirs: tf.Tensor, shape: tf.Shape) =>
  transpose ? theirs.transpose() : theirs.reshape(shape as number[]);

/** Ours as an authors' tensor. */
const toTheirs = ({transpose, shape}: TensorMapping, ours: tf.Tensor) =>
  transpose ? ours.transpose() : shape ? ours.reshape([...shape]) : ours;

/** A mix alone: its layer, and what it is run with. */
export interface Part {
  layer: VariantLayer;
  /** The layer's weights as a layout names them. */
  tensors: TensorMapping[];
  /** By their stored names, `input.x`. */
  inputs: Tensors;
  /** Outputs by their stored names, `output.y`, from such inputs. */
  run: (inputs: Tensors) => Tensors;
  /** How much of the probe loss each output is; 1 where it is not said. */
  shares?: {[output: string]: number};
}

type Tensors = {[name: string]: tf.Tensor};

/** A mix as a case stores it: with the case's weights, its outputs and the gradients of the probe loss for inputs and weights. */
export function probedPart(golden: GoldenCase, {layer, tensors, inputs, run, shares = {}}: Part): Actual {
  run(inputs);
  const weights = golden.weights();
  const mappings = new Map(tensors.map((mapping) => [mapping.ours, mapping]));
  const mappingOf = (name: string) => mappings.get(name) as TensorMapping;
  layer.setWeights(
    layer.weights.map(({originalName, shape}) => {
      const mapping = mappingOf(originalName);
      return toOurs(mapping, weights[mapping.theirs], shape);
    }),
  );
  const probe = golden.tensor('probe');
  const terms = (given: Tensors) =>
    Object.entries(run(given)).map(([name, output]) => output.mul(probe).mul(shares[name] ?? 1));
  const loss = (given: Tensors) => tf.addN(terms(given).map((term) => term.sum())) as tf.Scalar;
  const scale = tf.addN(terms(inputs).map((term) => term.abs().sum())).dataSync()[0];
  const names = Object.keys(inputs);
  const byInput = tf.grads((...values: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, i) => [name, values[i]]))),
  )(Object.values(inputs));
  const {gradients} = gradientsOf(layer, () => loss(inputs));
  return {
    ...run(inputs),
    loss: {value: loss(inputs), scale},
    ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, byInput[i]])),
    ...Object.fromEntries(
      [...gradients].map(([name, gradient]) => {
        const mapping = mappingOf(name);
        return [`grad.${mapping.theirs}`, toTheirs(mapping, gradient)];
      }),
    ),
  };
}
