import {type Checkpoint, CheckpointError} from '@variants/core';
import type {HyenaBackboneConfig} from '../config';
import type {Naming} from './naming';

/** The shape of a tensor, undefined where there is none. */
export type ShapeOf = (name: string) => readonly number[] | undefined;

/** What the tensors of an operator tell. */
export type OperatorSizes = Pick<
  HyenaBackboneConfig,
  | 'order'
  | 'numHeads'
  | 'shortFilterSize'
  | 'maxSequenceLength'
  | 'positionSize'
  | 'filterSize'
  | 'numInnerLayers'
  | 'headMixing'
>;

/** What the tensors of a backbone tell. */
export type BackboneSizes = OperatorSizes &
  Pick<
    HyenaBackboneConfig,
    'vocabSize' | 'hiddenSize' | 'numLayers' | 'intermediateSize' | 'attentionLayers' | 'maxPositions'
  >;

/** The sizes of an operator by the shapes of its tensors, whose names follow `prefix`. */
export function operatorSizes(shapeOf: ShapeOf, prefix: string, file: string): OperatorSizes {
  const shape = (name: string): readonly number[] => {
    const found = shapeOf(prefix + name);
    if (found && found.length > 0) return found;
    throw new CheckpointError(`${file}: tensor "${prefix}${name}" ${found ? 'has no axes' : 'is missing'}`);
  };
  const last = (name: string, fromEnd: number) => shape(name)[shape(name).length - fromEnd] ?? 1;
  const [wide, width] = shape('in_proj.weight');
  const order = wide / width - 1;
  const isLayer = (i: number) => shapeOf(`${prefix}filter_fn.implicit_filter.${2 * i}.weight`) !== undefined;
  let layers = 2;
  while (isLayer(layers)) layers++;
  return {
    order,
    numHeads: ((order - 1) * width) / shape('filter_fn.bias')[0],
    shortFilterSize: last('short_filter.weight', 1),
    maxSequenceLength: last('filter_fn.pos_emb.z', 2),
    positionSize: last('filter_fn.pos_emb.z', 1),
    filterSize: shape('filter_fn.implicit_filter.0.weight')[0],
    numInnerLayers: layers - 2,
    headMixing: shapeOf(`${prefix}ord_proj_w`) !== undefined,
  };
}

/** The sizes of a backbone by the shapes of its tensors. Without any operator, what only those tell is left out. */
export function backboneSizes(
  {name: file, tensors}: Checkpoint,
  {prefix, mixer, mlp}: Naming,
): Partial<OperatorSizes> & Omit<BackboneSizes, keyof OperatorSizes> {
  const shapeOf: ShapeOf = (name) => tensors.get(name)?.shape;
  const backbone = `${prefix}backbone.`;
  const layer = (i: number, name: string) => shapeOf(`${backbone}layers.${i}.${name}`);
  let numLayers = 0;
  while (layer(numLayers, 'norm1.weight')) numLayers++;
  const numbers = Array.from({length: numLayers}, (_, i) => i);
  const attentionLayers = numbers.filter((i) => layer(i, `${mixer}.Wqkv.weight`));
  const operator = numbers.find((i) => !attentionLayers.includes(i));
  const [vocabSize = 0, hiddenSize = 0] = shapeOf(`${backbone}embeddings.word_embeddings.weight`) ?? [];
  return {
    vocabSize,
    hiddenSize,
    numLayers,
    intermediateSize: layer(0, `${mlp}.fc1.weight`)?.[0] ?? 0,
    attentionLayers,
    maxPositions: shapeOf(`${backbone}embeddings.position_embeddings.weight`)?.[0] ?? 0,
    ...(operator !== undefined && operatorSizes(shapeOf, `${backbone}layers.${operator}.${mixer}.`, file)),
  };
}
