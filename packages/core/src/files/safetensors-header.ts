import {CheckpointError} from '../errors';
import {bytesPerValue, countOf, isShape, isStoredDtype, type StoredDtype} from './dtypes';
import {isJsonObject, parseUniqueJson, utf8} from './json';
import {shapeText} from './text';

/** A tensor of a safetensors file: its values are the bytes `begin` to `end` after the header. */
export interface SafetensorsEntry {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  readonly tensors: Map<string, SafetensorsEntry>;
  readonly metadata: Record<string, string>;
}

/** Bytes of the length that every file begins with, a little-endian integer of 64 bits. */
export const lengthBytes = 8;

// The format's own limit; it keeps a lie about the length from filling the memory.
const largestHeader = 100_000_000;

/** The length of the header that the first 8 bytes of a file of `fileSize` bytes claim. */
export function headerLength(prefix: Uint8Array, fileSize: number, file: string): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = view.getBigUint64(0, true);
  const available = Math.min(fileSize - lengthBytes, largestHeader);
  if (length <= BigInt(available)) return Number(length);
  throw new CheckpointError(
    `${file}: its first 8 bytes claim a header of ${length} bytes, but only ${available} can follow; truncated, or no safetensors file`,
  );
}

/** Parses and checks a header; `dataSize` is the number of bytes after it, all of which its tensors must fill. */
export function parseHeader(header: Uint8Array, dataSize: number, file: string): SafetensorsHeader {
  const where = `${file}: header (bytes ${lengthBytes} to ${lengthBytes + header.length})`;
  const json = parseUniqueJson(utf8(header, where), where);
  if (!isJsonObject(json)) throw new CheckpointError(`${where}: is no JSON object of tensors`);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, info] of Object.entries(json))
    if (name !== '__metadata__') tensors.set(name, parseEntry(info, dataSize, `${file}: tensor "${name}"`));
  assertContiguous(tensors, dataSize, file);
  return {tensors, metadata: parseMetadata(json.__metadata__, where)};
}

function parseMetadata(metadata: unknown, where: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (isJsonObject(metadata) && Object.values(metadata).every((value) => typeof value === 'string'))
    return metadata as Record<string, string>;
  throw new CheckpointError(`${where}: __metadata__ is no object of strings`);
}

function parseEntry(info: unknown, dataSize: number, where: string): SafetensorsEntry {
  if (!isJsonObject(info)) throw new CheckpointError(`${where}: is described by no JSON object`);
  const {dtype, shape} = info;
  if (!isStoredDtype(dtype)) {
    const known = Object.keys(bytesPerValue).join(', ');
    throw new CheckpointError(`${where}: its dtype ${JSON.stringify(dtype)} is unknown; known are ${known}`);
  }
  if (!isShape(shape))
    throw new CheckpointError(`${where}: its shape ${JSON.stringify(shape)} is no list of whole numbers from 0 on`);
  const [begin, end] = parseOffsets(info.data_offsets, dataSize, where);
  const bytes = countOf(shape) * bytesPerValue[dtype];
  if (end - begin !== bytes)
    throw new CheckpointError(
      `${where}: data_offsets [${begin}, ${end}] hold ${end - begin} bytes, but ${dtype} of shape ${shapeText(shape)} takes ${bytes}`,
    );
  return {dtype, shape, begin, end};
}

function parseOffsets(offsets: unknown, dataSize: number, where: string): [begin: number, end: number] {
  if (!isShape(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw new CheckpointError(`${where}: data_offsets ${JSON.stringify(offsets)} are no two whole numbers in order`);
  const [begin, end] = offsets;
  if (end > dataSize)
    throw new CheckpointError(
      `${where}: data_offsets [${begin}, ${end}] reach beyond the file, which has ${dataSize} bytes after its header; truncated?`,
    );
  return [begin, end];
}

function assertContiguous(tensors: Map<string, SafetensorsEntry>, dataSize: number, file: string): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  let before = 'the header';
  for (const [name, {begin, end}] of inOrder) {
    if (begin !== filled) {
      const fault = begin < filled ? 'overlaps with' : 'leaves a hole after';
      throw new CheckpointError(
        `${file}: tensor "${name}": data_offsets [${begin}, ${end}] ${fault} ${before}, which ends at ${filled}`,
      );
    }
    filled = end;
    before = `tensor "${name}"`;
  }
  if (filled !== dataSize)
    throw new CheckpointError(
      `${file}: ${before} ends at data byte ${filled}, but the file has ${dataSize} bytes after its header`,
    );
}
