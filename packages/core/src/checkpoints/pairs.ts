import type * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import type {Checkpoint} from '../files/checkpoint';
import {firstThree, shapeText} from '../files/text';
import type {CheckpointModel, TensorMapping} from './layout';

/** A weight of a model and the tensor of the authors' files that it is. */
export interface PairedWeight {
  readonly mapping: TensorMapping;
  readonly variable: tf.LayerVariable;
  /** The shape with the authors' axes of the weight, or of the part of it that this is. */
  readonly ownShape: readonly number[];
  /** The shape of the tensor in the authors' files, which may hold other weights too. */
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
    if (variable) return inOrder({mapping, variable, ...theirShapes(mapping, variable)}, layout.name);
    throw new CheckpointError(
      `layout ${layout.name}: "${mapping.theirs}" is our "${mapping.ours}", but the model has no such weight; it has ${firstThree([...variables.keys()])}`,
    );
  });
  const named = new Set(pairs.filter(({mapping}) => !mapping.alias).map(({mapping}) => mapping.ours));
  const unnamed = [...variables.keys()].filter((name) => !named.has(name));
  if (unnamed.length > 0)
    throw new CheckpointError(`layout ${layout.name}: has no tensor for the model's weights ${firstThree(unnamed)}`);
  assertStacksFilled(pairs, layout.name);
  assertPartsFilled(pairs, layout.name);
  return pairs;
}

/** Whether two pairs are of the same values: of the same weight and, where the authors have it in parts, of the same part. */
export const sameWeight = (a: PairedWeight, b: PairedWeight): boolean =>
  a.mapping.ours === b.mapping.ours && a.mapping.part?.start === b.mapping.part?.start;

/** What is paired with each tensor of the authors' files, in the order given: one weight, or those stacked in it. */
export function stacksOf<Pair extends {mapping: TensorMapping}>(pairs: readonly Pair[]): Pair[][] {
  const stacks = new Map<string, Pair[]>();
  const all: Pair[][] = [];
  for (const pair of pairs) {
    const {theirs, rows} = pair.mapping;
    const stack = rows && stacks.get(theirs);
    if (stack) {
      stack.push(pair);
      continue;
    }
    all.push([pair]);
    if (rows) stacks.set(theirs, all[all.length - 1]);
  }
  return all;
}

/** The pair, if the order of its rows, where it has one, names each of them once. */
function inOrder(pair: PairedWeight, layout: string): PairedWeight {
  const {mapping, ownShape} = pair;
  const named = new Set(mapping.order);
  const isEach = (_: unknown, row: number) => named.has(row);
  if (!mapping.order || (mapping.order.length === ownShape[0] && Array.from({length: ownShape[0]}).every(isEach)))
    return pair;
  throw new CheckpointError(
    `layout ${layout}: the order of the rows of "${mapping.theirs}" must name each of ${ownShape[0]} rows once`,
  );
}

function assertStacksFilled(pairs: readonly PairedWeight[], layout: string): void {
  for (const stack of stacksOf(pairs.filter(({mapping}) => mapping.rows))) {
    const {theirs} = stack[0].mapping;
    let filled = 0;
    for (const {mapping, ownShape, shape} of stack) {
      if (mapping.rows?.start !== filled || shapeText(shape) !== shapeText(stack[0].shape)) break;
      filled += ownShape[0];
    }
    if (filled !== stack[0].shape[0])
      throw new CheckpointError(
        `layout ${layout}: the weights of "${theirs}" must fill its ${stack[0].shape[0]} rows one after the other, but do so up to row ${filled} only`,
      );
  }
}

/** Parts must fill their weight one after the other. */
function assertPartsFilled(pairs: readonly PairedWeight[], layout: string): void {
  const filled = new Map<string, number>();
  const inParts = pairs.filter(({mapping}) => mapping.part && !mapping.alias);
  for (const {mapping} of inParts) {
    const before = filled.get(mapping.ours) ?? 0;
    if (mapping.part?.start === before) filled.set(mapping.ours, before + mapping.part.count);
  }
  for (const {mapping, variable} of inParts) {
    const [rows] = withTheirAxes({...mapping, shape: undefined}, variable);
    if (filled.get(mapping.ours) !== rows)
      throw new CheckpointError(
        `layout ${layout}: the parts of our "${mapping.ours}" must fill its ${rows} rows one after the other, but do so up to row ${filled.get(mapping.ours) ?? 0} only`,
      );
  }
}

function theirShapes(mapping: TensorMapping, variable: tf.LayerVariable): Pick<PairedWeight, 'ownShape' | 'shape'> {
  const {part} = mapping;
  const ownShape = part
    ? (mapping.shape ?? [part.count, ...withTheirAxes(mapping, variable).slice(1)])
    : withTheirAxes(mapping, variable);
  return {ownShape, shape: mapping.rows ? [mapping.rows.total, ...ownShape.slice(1)] : ownShape};
}

function withTheirAxes(
  {theirs, transpose, shape: theirShape}: TensorMapping,
  variable: tf.LayerVariable,
): readonly number[] {
  const shape = variable.shape as number[];
  if (!transpose) return theirShape ?? shape;
  if (shape.length === 2) return theirShape ?? [shape[1], shape[0]];
  throw new CheckpointError(`tensor "${theirs}": our shape ${shapeText(shape)} has no two axes that could be swapped`);
}
