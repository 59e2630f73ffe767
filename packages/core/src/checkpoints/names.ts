import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import type {CheckpointLayout} from './layout';
import {firstThree} from './text';

/**
 * Tensors that are named and shaped like our weights (weights, gradients, moments) by the authors' names, transposed
 * where the layout says so; aliases are left out. `byOurName` may hold some of the weights only.
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
  return new Map(
    mappings.map(({theirs, ours, transpose}) => {
      const tensor = byOurName.get(ours) as tf.Tensor;
      return [theirs, transpose ? tf.transpose(tensor) : tf.clone(tensor)];
    }),
  );
}
