import type * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import type {Checkpoint} from './checkpoint';
import type {CheckpointModel, TensorMapping} from './layout';
import {firstThree, shapeText} from './text';

/** A weight of a model and the tensor of the authors' files that it is. */
export interface PairedWeight {
  readonly mapping: TensorMapping;
  readonly variable: tf.LayerVariable;
  /** The shape in the authors' files. */
  readonly shape: readonly number[];
}

/**
 * Pairs each weight of a model, and each alias, with its tensor in the authors' files, in the layout's order.
 * A CheckpointError if the layout and the model do not name the same weights.
 */
export function pairWeights<Config>(model: CheckpointModel<Config>, checkpoint?: Checkpoint): PairedWeight[] {
  const {layout, weights} = model;
  const variables = new Map(weights.map((variable) => [variable.originalName, variable]));
  const pairs = layout.tensors(model.config, checkpoint).map((mapping): PairedWeight => {
    const variable = variables.get(mapping.ours);
    if (variable) return {mapping, variable, shape: theirShape(mapping, variable)};
    throw new CheckpointError(
      `layout ${layout.name}: "${mapping.theirs}" is our "${mapping.ours}", but the model has no such weight; it has ${firstThree([...variables.keys()])}`,
    );
  });
  const named = new Set(pairs.filter(({mapping}) => !mapping.alias).map(({mapping}) => mapping.ours));
  const unnamed = [...variables.keys()].filter((name) => !named.has(name));
  if (unnamed.length === 0) return pairs;
  throw new CheckpointError(`layout ${layout.name}: has no tensor for the model's weights ${firstThree(unnamed)}`);
}

function theirShape({theirs, transpose}: TensorMapping, variable: tf.LayerVariable): readonly number[] {
  const shape = variable.shape as number[];
  if (!transpose) return shape;
  if (shape.length === 2) return [shape[1], shape[0]];
  throw new CheckpointError(`tensor "${theirs}": our shape ${shapeText(shape)} has no two axes that could be swapped`);
}
