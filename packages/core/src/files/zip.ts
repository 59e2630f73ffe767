import {CheckpointError} from '../errors';
import type {ByteSource} from './bytes';
import {utf8} from './json';

/** A file in a zip archive, stored without compression. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** Where its local header begins, and where the next thing in the archive does. */
  readonly headerOffset: number;
  readonly limit: number;
}

/** A signature, 'PK' and two bytes, as a little-endian number. */
const signature = {
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
  central: 0x02014b50,
  local: 0x04034b50,
};
/** Bytes of each kind of record, without the names and fields of free length that may follow. */
const lengthOf = {end: 22, zip64End: 56, zip64Locator: 20, central: 46, local: 30};
const longestComment = 65535;
const standsIn64Bits = 0xffffffff;

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function uint64(view: DataView, at: number, where: string): number {
  const value = view.getBigUint64(at, true);
  if (value <= Number.MAX_SAFE_INTEGER) return Number(value);
  throw new CheckpointError(`${where}: claims ${value} bytes, more than a file can have`);
}

/**
 * The entries of a zip archive by their names, from its central directory. Compressed or encrypted entries, names that
 * stand there twice and entries that overlap or lie outside of the file are a CheckpointError.
 */
export async function readZip(bytes: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const directory = await findDirectory(bytes);
  const records = await bytes.read(directory.offset, directory.size);
  const entries: UnlimitedEntry[] = [];
  for (let at = 0; at < records.length; ) {
    const where = `${bytes.name}: zip directory at byte ${directory.offset + at}`;
    const {entry, length} = parseCentralRecord(records.subarray(at), where);
    entries.push(entry);
    at += length;
  }
  if (entries.length !== directory.count)
    throw new CheckpointError(
      `${bytes.name}: its zip directory has ${entries.length} entries instead of ${directory.count}`,
    );
  return withLimits(entries, directory.offset, bytes.name);
}

async function findDirectory(bytes: ByteSource): Promise<Directory> {
  const {name: file, size} = bytes;
  const tailStart = Math.max(0, size - lengthOf.end - longestComment);
  const tail = viewOf(await bytes.read(tailStart, size - tailStart));
  const at = findEnd(tail);
  if (at === undefined)
    throw new CheckpointError(
      `${file}: no end of a zip directory in its last bytes; the file of ${size} bytes is truncated`,
    );
  const inEnd = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  };
  const directory = (await findZip64Directory(bytes, tailStart + at)) ?? inEnd;
  if (directory.offset + directory.size <= tailStart + at) return directory;
  throw new CheckpointError(
    `${file}: its zip directory of ${directory.size} bytes from byte ${directory.offset} reaches beyond byte ${tailStart + at}, where it must end`,
  );
}

function findEnd(tail: DataView): number | undefined {
  for (let at = tail.byteLength - lengthOf.end; at >= 0; at--) {
    const isSignature = tail.getUint32(at, true) === signature.end;
    if (isSignature && at + lengthOf.end + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return undefined;
}

async function findZip64Directory(bytes: ByteSource, end: number): Promise<Directory | undefined> {
  if (end < lengthOf.zip64Locator) return undefined;
  const locator = viewOf(await bytes.read(end - lengthOf.zip64Locator, lengthOf.zip64Locator));
  if (locator.getUint32(0, true) !== signature.zip64Locator) return undefined;
  const at = uint64(locator, 8, `${bytes.name}: its zip64 locator`);
  const where = `${bytes.name}: its zip64 directory end at byte ${at}`;
  const record = viewOf(await bytes.read(at, lengthOf.zip64End));
  if (record.getUint32(0, true) !== signature.zip64End) throw new CheckpointError(`${where} is none`);
  return {count: uint64(record, 32, where), size: uint64(record, 40, where), offset: uint64(record, 48, where)};
}

type UnlimitedEntry = Omit<ZipEntry, 'limit'>;

function parseCentralRecord(record: Uint8Array, where: string): {entry: UnlimitedEntry; length: number} {
  const view = viewOf(record);
  if (record.length < lengthOf.central || view.getUint32(0, true) !== signature.central)
    throw new CheckpointError(`${where}: no entry begins here`);
  const extraStart = lengthOf.central + view.getUint16(28, true);
  const extraEnd = extraStart + view.getUint16(30, true);
  const length = extraEnd + view.getUint16(32, true);
  if (length > record.length) throw new CheckpointError(`${where}: the entry is cut off`);
  const name = utf8(record.subarray(lengthOf.central, extraStart), where);
  const [flags, method] = [view.getUint16(8, true), view.getUint16(10, true)];
  if ((flags & 1) !== 0 || method !== 0)
    throw new CheckpointError(
      `${where}: entry "${name}" is ${method === 0 ? 'encrypted' : `compressed (method ${method})`}; torch.save stores its entries as they are`,
    );
  const {size, storedSize, headerOffset} = sizesOf(
    view,
    record.subarray(extraStart, extraEnd),
    `${where}: entry "${name}"`,
  );
  if (size !== storedSize)
    throw new CheckpointError(`${where}: entry "${name}" has ${size} bytes, but ${storedSize} of them are stored`);
  return {entry: {name, size, headerOffset}, length};
}

/** Sizes and offset of an entry; those that do not fit 32 bits stand, in this order, in the extra field 1. */
function sizesOf(central: DataView, extra: Uint8Array, where: string) {
  const in64Bits = zip64Field(extra, where);
  let at = 0;
  const read = (position: number): number => {
    const value = central.getUint32(position, true);
    if (value !== standsIn64Bits || !in64Bits) return value;
    at += 8;
    if (at > in64Bits.byteLength) throw new CheckpointError(`${where}: its zip64 field is cut off`);
    return uint64(in64Bits, at - 8, where);
  };
  const size = read(24);
  const storedSize = read(20);
  return {size, storedSize, headerOffset: read(42)};
}

function zip64Field(extra: Uint8Array, where: string): DataView | undefined {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > extra.length) throw new CheckpointError(`${where}: its extra fields are cut off`);
    if (view.getUint16(at, true) === 1) return viewOf(extra.subarray(at + 4, end));
    at = end;
  }
  return undefined;
}

function withLimits(entries: UnlimitedEntry[], directoryOffset: number, file: string): Map<string, ZipEntry> {
  const inOrder = [...entries].sort((a, b) => a.headerOffset - b.headerOffset);
  const found = new Map<string, ZipEntry>();
  inOrder.forEach((entry, i) => {
    const limit = inOrder[i + 1]?.headerOffset ?? directoryOffset;
    if (entry.headerOffset + lengthOf.local + entry.name.length + entry.size > limit)
      throw new CheckpointError(
        `${file}: zip entry "${entry.name}" of ${entry.size} bytes from byte ${entry.headerOffset} reaches beyond byte ${limit}`,
      );
    if (found.has(entry.name)) throw new CheckpointError(`${file}: zip entry "${entry.name}" stands there twice`);
    found.set(entry.name, {...entry, limit});
  });
  return found;
}

/** Where the bytes of an entry begin: its local header's own name and extra field lie before them. */
export async function dataOffsetOf(bytes: ByteSource, {name, size, headerOffset, limit}: ZipEntry): Promise<number> {
  const where = `${bytes.name}: zip entry "${name}" at byte ${headerOffset}`;
  const header = viewOf(await bytes.read(headerOffset, lengthOf.local));
  if (header.getUint32(0, true) !== signature.local) throw new CheckpointError(`${where}: has no local header there`);
  const start = headerOffset + lengthOf.local + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + size <= limit) return start;
  throw new CheckpointError(`${where}: its ${size} bytes from byte ${start} on reach beyond byte ${limit}`);
}
