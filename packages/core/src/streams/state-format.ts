import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import {isJsonObject, parseUniqueJson} from '../files/json';
import {type LoadedTensor, readSafetensors} from '../files/safetensors';
import {type WritableTensor, writeSafetensors} from '../files/safetensors-write';
import {isOrigin, type StateOrigin} from './state-origin';
import {type StateTree, walkState} from './state-tree';

// The tree as JSON: objects, lists and null as they are; a tensor as the name of its type; a number as it is or, where
// JSON has none for it, as text.
const metadataEntry = 'stream_state';
const lengthEntry = 'stream_length';
const originEntry = 'stream_origin';
const storedTypes = {float32: 'F32', int32: 'I32', bool: 'I32'} as const;
const numberTexts = ['NaN', 'Infinity', '-Infinity', '-0'];

type TensorType = keyof typeof storedTypes;

// Deeper than layers ever lie in each other, and far from where recursion would end.
const deepest = 64;

/**
 * A tree of states as a safetensors file: tensors are named by their paths; bool is stored as int32.
 * @param length Positions that were fed.
 * @param origin What made the state, if that is known.
 */
export async function encodeState(tree: StateTree, length: number, origin?: StateOrigin | null): Promise<Uint8Array> {
  const tensors = new Map<string, tf.Tensor>();
  walkState(tree, (leaf, path) => {
    if (typeof leaf === 'number') return;
    if (tensors.has(path)) throw new CheckpointError(`stream state: two tensors have the path "${path}"`);
    if (!isTensorType(leaf.dtype))
      throw new CheckpointError(`stream state: tensor "${path}" is ${leaf.dtype}, only ${types()} can be saved`);
    tensors.set(path, leaf);
  });
  const written = await Promise.all(
    [...tensors].map(async ([path, tensor]) => [path, await valuesOf(tensor)] as const),
  );
  return writeSafetensors(Object.fromEntries(written), {
    [metadataEntry]: JSON.stringify(tree, outlineOf),
    [lengthEntry]: String(length),
    ...(origin && {[originEntry]: JSON.stringify(origin)}),
  });
}

/**
 * What {@link encodeState} made bytes of, the tensors kept. All is checked before the first tensor is made.
 * @param file The name for messages.
 * @returns Its origin is null where the bytes do not say what made it.
 * @throws CheckpointError when the bytes are anything else.
 */
export function decodeState(
  bytes: Uint8Array,
  file: string,
): {tree: StateTree; length: number; origin: StateOrigin | null} {
  const {tensors, metadata} = readSafetensors(bytes, file);
  const where = `${file}: metadata entry ${metadataEntry}`;
  if (metadata[metadataEntry] === undefined) throw new CheckpointError(`${where}: is missing; this is no stream state`);
  const outline = parseUniqueJson(metadata[metadataEntry], where);
  const placed = new Set<string>();
  readOutline(outline, where, (type, path) => {
    assertStored(tensors, type, path, file);
    placed.add(path);
    return null;
  });
  for (const path of Object.keys(tensors))
    if (!placed.has(path)) throw new CheckpointError(`${file}: tensor "${path}" has no place in the stream state`);
  const length = Number(metadata[lengthEntry] ?? Number.NaN);
  if (!Number.isSafeInteger(length) || length < 0)
    throw new CheckpointError(
      `${file}: metadata entry ${lengthEntry}: is ${metadata[lengthEntry]}, but must be how many positions were fed`,
    );
  const origin = readOrigin(metadata[originEntry], `${file}: metadata entry ${originEntry}`);
  const tree = readOutline(outline, where, (type, path) => tf.keep(tensorOf(tensors[path], type)));
  return {tree, length, origin};
}

function readOrigin(text: string | undefined, where: string): StateOrigin | null {
  if (text === undefined) return null;
  const origin = parseUniqueJson(text, where);
  if (isOrigin(origin)) return origin;
  throw new CheckpointError(`${where}: must be the name of an architecture and its fields`);
}

function types(): string {
  return Object.keys(storedTypes).join(', ');
}

function isTensorType(type: string): type is TensorType {
  return Object.hasOwn(storedTypes, type);
}

async function valuesOf(tensor: tf.Tensor): Promise<WritableTensor> {
  const values = await tensor.data();
  // tfjs's own backend leaves what was cast in the array of its first type.
  const data = tensor.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return {shape: tensor.shape, data};
}

/** The replacer of JSON.stringify that makes a tree's outline. */
function outlineOf(_: string, value: StateTree): unknown {
  if (value instanceof tf.Tensor) return value.dtype;
  if (typeof value !== 'number') return value;
  const text = Object.is(value, -0) ? '-0' : String(value);
  return numberTexts.includes(text) ? text : value;
}

function readOutline(
  outline: unknown,
  where: string,
  tensorAt: (type: TensorType, path: string) => StateTree,
  path = '',
  depth = 0,
): StateTree {
  if (depth > deepest) throw new CheckpointError(`${where}: lists and objects lie more than ${deepest} deep`);
  const read = (child: unknown, name: string | number) =>
    readOutline(child, where, tensorAt, path ? `${path}/${name}` : String(name), depth + 1);
  if (outline === null || typeof outline === 'number') return outline;
  if (Array.isArray(outline)) return outline.map(read);
  if (isJsonObject(outline))
    return Object.fromEntries(Object.entries(outline).map(([name, child]) => [name, read(child, name)]));
  if (typeof outline === 'string' && numberTexts.includes(outline)) return Number(outline);
  if (typeof outline === 'string' && isTensorType(outline)) return tensorAt(outline, path);
  throw new CheckpointError(
    `${where}: ${JSON.stringify(outline)} at "${path}" is neither a number nor one of ${types()}`,
  );
}

function assertStored(tensors: Record<string, LoadedTensor>, type: TensorType, path: string, file: string): void {
  if (!Object.hasOwn(tensors, path)) throw new CheckpointError(`${file}: tensor "${path}" is missing`);
  const {dtype} = tensors[path];
  if (dtype !== storedTypes[type])
    throw new CheckpointError(`${file}: tensor "${path}" is ${dtype}, but ${type} is stored as ${storedTypes[type]}`);
}

function tensorOf({shape, data}: LoadedTensor, type: TensorType): tf.Tensor {
  const values = type === 'bool' ? Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)) : data;
  return tf.tensor(values, [...shape], type);
}
