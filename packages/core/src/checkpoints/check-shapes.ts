import {CheckpointError} from '../errors';
import type {Checkpoint} from '../files/checkpoint';
import {isFloat} from '../files/dtypes';
import {firstThree, shapeText} from '../files/text';
import type {CheckpointModel} from './layout';
import {type PairedWeight, pairWeights} from './pairs';

/**
 * Checks, without reading values, that a checkpoint holds exactly the tensors that a model's layout asks for.
 *
 * A tensor that is missing, superfluous, of another shape or of whole numbers gives a CheckpointError with the tensor's
 * name in the authors' files and both shapes; of several faults it lists three and says how many more there are.
 * A tied matrix may be there under either of its names; the layout's ignored buffers and constants may be there or not, and
 * a constant that is ignored may have any shape.
 */
export function checkShapes<Config>(checkpoint: Checkpoint, model: CheckpointModel<Config>): void {
  const pairs = pairWeights(model, checkpoint);
  const {ignored = []} = model.layout;
  const buffers = model.layout.buffers?.(model.config) ?? {};
  const isIgnored = (name: string) => ignored.some((pattern) => name.search(pattern) >= 0);
  const faults = [
    // A tensor with several weights in it is at fault once.
    ...new Set(faultsOfMissing(pairs, checkpoint)),
    ...new Set(
      pairs.flatMap(({mapping, shape}) =>
        faultsOf(mapping.theirs, shape, checkpoint, {anyOnes: mapping.shape !== undefined, anyType: mapping.count}),
      ),
    ),
    ...Object.entries(buffers).flatMap(([name, {shape}]) => (isIgnored(name) ? [] : faultsOf(name, shape, checkpoint))),
    ...faultsOfSuperfluous(pairs, Object.keys(buffers), isIgnored, checkpoint),
  ];
  if (faults.length > 0)
    throw new CheckpointError(`${checkpoint.name} does not fit ${model.layout.name}: ${firstThree(faults, '; ')}`);
}

/** The tensor that holds a weight: its own or, where that is missing, a second name of it. */
export function tensorToRead(
  pair: PairedWeight,
  pairs: readonly PairedWeight[],
  {tensors}: Checkpoint,
): PairedWeight | undefined {
  if (tensors.has(pair.mapping.theirs)) return pair;
  return pairs.find(({mapping}) => mapping.ours === pair.mapping.ours && tensors.has(mapping.theirs));
}

function faultsOfMissing(pairs: readonly PairedWeight[], checkpoint: Checkpoint): string[] {
  return pairs
    .filter((pair) => !pair.mapping.alias && !tensorToRead(pair, pairs, checkpoint))
    .map(({mapping, shape}) => `tensor "${mapping.theirs}" of shape ${shapeText(shape)} is missing`);
}

/** How far a stored tensor may be another than expected. */
interface Leeway {
  /** Axes of length 1 do not matter. */
  anyOnes?: boolean;
  /** It may hold whole numbers. */
  anyType?: boolean;
}

function faultsOf(
  name: string,
  expected: readonly number[],
  {tensors}: Checkpoint,
  {anyOnes = false, anyType = false}: Leeway = {},
): string[] {
  const stored = tensors.get(name);
  if (!stored) return [];
  const {dtype, shape} = stored;
  const compared = (axes: readonly number[]) => shapeText(anyOnes ? axes.filter((length) => length !== 1) : axes);
  if (compared(shape) !== compared(expected))
    return [`tensor "${name}" has shape ${shapeText(shape)} instead of ${shapeText(expected)}`];
  return anyType || isFloat(dtype) ? [] : [`tensor "${name}" holds ${dtype} instead of F32, F16, BF16 or F64`];
}

function faultsOfSuperfluous(
  pairs: readonly PairedWeight[],
  buffers: readonly string[],
  isIgnored: (name: string) => boolean,
  {tensors}: Checkpoint,
): string[] {
  const known = new Set([...pairs.map(({mapping}) => mapping.theirs), ...buffers]);
  return [...tensors]
    .filter(([name]) => !known.has(name) && !isIgnored(name))
    .map(([name, {shape}]) => `tensor "${name}" of shape ${shapeText(shape)} belongs to no weight of the model`);
}
