import {requireArgument} from '../arguments';
import {CheckpointError} from '../errors';
import type {ByteSource} from './bytes';
import {isFloat, type StoredDtype, toFloat32, toInt32} from './dtypes';
import {
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header';
import type {CheckpointFormat, WeightFile} from './weight-file';

/** A safetensors file whose header was read and checked. */
export interface SafetensorsFile extends WeightFile {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** The strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  readIntegers(name: string): Promise<Int32Array>;
}

/** The safetensors format. */
export const safetensorsFormat: CheckpointFormat = {
  name: 'safetensors',
  recognizes: (head) => head.length > lengthBytes && head[lengthBytes] === '{'.charCodeAt(0),
  open: openSafetensors,
};

function assertHoldsLength(size: number, file: string): void {
  if (size < lengthBytes)
    throw new CheckpointError(`${file}: has ${size} bytes, a safetensors file begins with a length of ${lengthBytes}`);
}

function entryOf({tensors}: SafetensorsHeader, name: string, file: string): SafetensorsEntry {
  const entry = tensors.get(name);
  if (!entry) throw new CheckpointError(`${file}: has no tensor "${name}"`);
  return entry;
}

/**
 * Opens a safetensors file: reads its header alone; a tensor's bytes are read when it is asked for.
 *
 * Every file that does not keep the format's rules is a CheckpointError that names the tensor or byte: a header longer
 * than the file or no JSON, names that stand there twice, unknown types, shapes that do not fit their bytes, bytes that
 * overlap, leave holes or lie outside of the file.
 */
export async function openSafetensors(bytes: ByteSource): Promise<SafetensorsFile> {
  const {name: file, size} = bytes;
  assertHoldsLength(size, file);
  const length = headerLength(await bytes.read(0, lengthBytes), size, file);
  const dataStart = lengthBytes + length;
  const header = parseHeader(await bytes.read(lengthBytes, length), size - dataStart, file);
  const valuesOf = async <Values>(
    name: string,
    convert: (dtype: StoredDtype, bytes: Uint8Array, where: string) => Values,
  ): Promise<Values> => {
    const {dtype, begin, end} = entryOf(header, name, file);
    return convert(dtype, await bytes.read(dataStart + begin, end - begin), `${file}: tensor "${name}"`);
  };
  return {
    ...header,
    read: (name) => valuesOf(name, toFloat32),
    readIntegers: (name) => valuesOf(name, toInt32),
    close: async () => bytes.close?.(),
  };
}

/** A tensor read as a whole: float types as float32, whole numbers and booleans as int32. */
export interface LoadedTensor {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/**
 * Reads a whole safetensors file that is in memory, synchronously; for small files such as stream states.
 * `file` is the name for error messages. The checks are those of `openSafetensors`; the data is copied.
 */
export function readSafetensors(
  bytes: Uint8Array,
  file = 'safetensors',
): {tensors: Record<string, LoadedTensor>; metadata: Record<string, string>} {
  requireArgument('readSafetensors', 'the file', bytes, bytes instanceof Uint8Array, 'its bytes', CheckpointError);
  assertHoldsLength(bytes.length, file);
  const dataStart = lengthBytes + headerLength(bytes.subarray(0, lengthBytes), bytes.length, file);
  const header = parseHeader(bytes.subarray(lengthBytes, dataStart), bytes.length - dataStart, file);
  const load = ([name, {dtype, shape, begin, end}]: [string, SafetensorsEntry]): [string, LoadedTensor] => {
    const convert = isFloat(dtype) ? toFloat32 : toInt32;
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    return [name, {dtype, shape, data: convert(dtype, own, `${file}: tensor "${name}"`)}];
  };
  return {tensors: Object.fromEntries([...header.tensors].map(load)), metadata: header.metadata};
}
