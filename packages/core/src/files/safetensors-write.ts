import {CheckpointError, ShapeError} from '../errors';
import {bytesPerValue, countOf, isShape} from './dtypes';
import {lengthBytes} from './safetensors-header';
import {shapeText} from './text';

/** A tensor to be written: its shape and its values in row-major order. */
export interface WritableTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What the header of a file to be written must know of a tensor. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: 'F32' | 'I32';
  readonly shape: readonly number[];
}

/** Bytes of a tensor's values in the file. */
export function bytesOf({dtype, shape}: HeaderEntry): number {
  return countOf(shape) * bytesPerValue[dtype];
}

/**
 * The length and header that a safetensors file begins with, padded with spaces to a multiple of 8 bytes. The tensors'
 * bytes follow it in the order of `entries`.
 */
export function safetensorsHeader(entries: readonly HeaderEntry[], metadata?: Record<string, string>): Uint8Array {
  const fields = metadata ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let begin = 0;
  for (const entry of entries) {
    const end = begin + bytesOf(entry);
    const {name, dtype, shape} = entry;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({dtype, shape, data_offsets: [begin, end]})}`);
    begin = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(lengthBytes + length).fill(' '.charCodeAt(0));
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, lengthBytes);
  return header;
}

/** The bytes of typed values as they stand in memory, without a copy. */
export function rawBytes(data: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function entryOf(name: string, {shape, data}: WritableTensor): HeaderEntry {
  if (!isShape(shape) || countOf(shape) !== data.length)
    throw new ShapeError(`tensor "${name}": shape ${shapeText(shape)} does not fit its ${data.length} values`);
  if (name === '__metadata__') throw new CheckpointError('no tensor can be named "__metadata__" in a safetensors file');
  return {name, dtype: data instanceof Int32Array ? 'I32' : 'F32', shape};
}

/**
 * A safetensors file in memory: Float32Array as F32, Int32Array as I32, sorted by name, so that equal tensors give equal
 * bytes in whatever order they come. A ShapeError if a shape does not fit its data.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, WritableTensor>>,
  metadata?: Record<string, string>,
): Uint8Array {
  const names = Object.keys(tensors).sort();
  const entries = names.map((name) => entryOf(name, tensors[name]));
  const header = safetensorsHeader(entries, metadata);
  const file = new Uint8Array(entries.reduce((size, entry) => size + bytesOf(entry), header.length));
  file.set(header);
  let offset = header.length;
  for (const name of names) {
    const bytes = rawBytes(tensors[name].data);
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
