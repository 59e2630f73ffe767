import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import {firstThree} from '../files/text';
import type {CheckpointLayout, TensorMapping} from './layout';
import {stacksOf} from './pairs';

/**
 * Tensors that are named and shaped like our weights (weights, gradients, moments) by the authors' names, transposed
 * and stacked where the layout says so; aliases are left out. `byOurName` may hold some of the weights only.
 * The caller disposes both the tensors that come back and those given. A CheckpointError for a name that the layout does not have.
 */
export function toAuthorsNames<Config>(
  layout: CheckpointLayout<Config>,
  config: Config,
  byOurName: ReadonlyMap<string, tf.Tensor>,
): Map<string, tf.Tensor> {
  const mappings = layout.tensors(config).filter(({alias, ours}) => !alias && byOurName.has(ours));
  const known = new Set(mappings.map(({ours}) => ours));
  const unknown = [...byOurName.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) throw new CheckpointError(`layout ${layout.name}: has no tensor for ${firstThree(unknown)}`);
  const pairs = mappings.map((mapping) => ({mapping, tensor: byOurName.get(mapping.ours) as tf.Tensor}));
  return new Map(stacksOf(pairs).map((stack) => [stack[0].mapping.theirs, stackedTensor(stack, layout.name)]));
}

/** Tensors that stand one after the other in a tensor of the authors' files, as that tensor. */
function stackedTensor(stack: readonly {mapping: TensorMapping; tensor: tf.Tensor}[], layout: string): tf.Tensor {
  return tf.tidy(() => {
    const tensors = stack.map(({mapping: {shape, transpose, order, part}, tensor}) => {
      const turned = transpose ? tf.transpose(tensor) : tf.clone(tensor);
      const own = part ? turned.slice(part.start, part.count) : turned;
      const ordered = order ? tf.gather(own, [...order], 0) : own;
      return shape ? ordered.reshape([...shape]) : ordered;
    });
    const {theirs, rows} = stack[0].mapping;
    const given = tensors.reduce((sum, {shape}) => sum + (shape[0] ?? 0), 0);
    if (rows && rows.total !== given)
      throw new CheckpointError(
        `layout ${layout}: "${theirs}" has ${rows.total} rows, but only ${given} were given; the weights stacked in it go together`,
      );
    return tensors.length === 1 ? tensors[0] : tf.concat(tensors, 0);
  });
}
