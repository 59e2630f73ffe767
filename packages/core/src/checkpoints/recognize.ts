import {CheckpointError} from '../errors';
import type {Checkpoint} from '../files/checkpoint';
import {firstThree} from '../files/text';
import {withoutWrapper} from '../files/wrapped-names';
import type {CheckpointLayout} from './layout';

/** What tells a layout. */
export type Recognizer = Pick<CheckpointLayout<object>, 'name' | 'recognizes'>;

/** A layout, and a checkpoint under the names by which it recognises it. */
export interface Recognized<Layout> {
  layout: Layout;
  checkpoint: Checkpoint;
}

/**
 * The first of some layouts that recognises a checkpoint as it is or, if none does, without what a wrapper around the model
 * (DataParallel, Lightning, torch.compile, FSDP) put before all names; undefined if none does then.
 */
export function findLayout<Layout extends Recognizer>(
  checkpoint: Checkpoint,
  layouts: readonly Layout[],
): Recognized<Layout> | undefined {
  for (let named: Checkpoint | null = checkpoint; named; named = withoutWrapper(named)) {
    const seen = named;
    const layout = layouts.find((candidate) => candidate.recognizes(seen));
    if (layout) return {layout, checkpoint: named};
  }
  return undefined;
}

/** {@link findLayout}, or a CheckpointError. */
export function recognize<Layout extends Recognizer>(
  checkpoint: Checkpoint,
  layouts: readonly Layout[],
): Recognized<Layout> {
  const found = findLayout(checkpoint, layouts);
  if (found) return found;
  if (isTrainingState(checkpoint))
    throw new CheckpointError(
      `${checkpoint.name}: is the state of a training, not a model; make the model as that training did and go on with train(model, data, {resumeFrom: …}), or load the directory that a training was saved to`,
    );
  const known = layouts.map(({name}) => name).join(', ');
  throw new CheckpointError(
    `${checkpoint.name}: is no checkpoint of a known layout (${known}); it has the tensors ${firstThree([...checkpoint.tensors.keys()])}`,
  );
}

/** Whether a checkpoint is what `train` keeps to go on: weights and the two moments of each. */
function isTrainingState({tensors}: Checkpoint): boolean {
  const kinds = new Set(Array.from(tensors.keys(), (name) => name.split('/')[0]));
  return kinds.size === 3 && ['weights', 'first', 'second'].every((kind) => kinds.has(kind));
}
