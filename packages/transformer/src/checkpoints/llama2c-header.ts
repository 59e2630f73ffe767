import {CheckpointError} from '@variants/core';

/** The first four bytes from version 1 on, 'ak42'. */
const MAGIC = 0x616b3432;

/** Bytes before the weights from version 1 on. */
const HEADER_BYTES = 256;

/** Bytes of the seven sizes, all that stands before the weights in version 0. */
const SIZES_BYTES = 28;

const sizeNames = ['dim', 'hidden_dim', 'n_layers', 'n_heads', 'n_kv_heads', 'vocab_size', 'max_seq_len'] as const;

/** What the header of a llama2.c file says. */
export interface Llama2cHeader {
  version: 0 | 1 | 2;
  /** The byte at which the weights begin. */
  dataStart: number;
  sizes: Record<(typeof sizeNames)[number], number>;
  /** The head is the embedding, and not stored. */
  tied: boolean;
  /** Values that share a scale, in version 2; else 0. */
  groupSize: number;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function sizesAt(view: DataView, start: number): Llama2cHeader['sizes'] {
  const values = sizeNames.map((name, i) => [name, view.getInt32(start + 4 * i, true)]);
  return Object.fromEntries(values) as Llama2cHeader['sizes'];
}

/** Whether a file begins as one of llama2.c. Version 0 has no magic number: it is known by seven plausible sizes. */
export function isLlama2c(head: Uint8Array): boolean {
  if (head.length < SIZES_BYTES) return false;
  const view = viewOf(head);
  if (view.getUint32(0, true) === MAGIC) return true;
  const {dim, n_layers, n_heads, n_kv_heads, vocab_size, ...others} = sizesAt(view, 0);
  const upTo = (value: number, largest: number) => value >= 1 && value <= largest;
  return (
    upTo(dim, 2 ** 20) &&
    upTo(n_layers, 2 ** 12) &&
    upTo(n_heads, dim) &&
    upTo(n_kv_heads, n_heads) &&
    upTo(Math.abs(vocab_size), 2 ** 24) &&
    Object.values(others).every((value) => upTo(value, 2 ** 24))
  );
}

/**
 * Reads the header of a file that {@link isLlama2c}.
 * @param head The first 256 bytes, or all of a shorter file.
 * @throws CheckpointError that names the field.
 */
export function readHeader(head: Uint8Array, file: string): Llama2cHeader {
  const view = viewOf(head);
  if (view.getUint32(0, true) !== MAGIC) {
    const {vocab_size: vocabSize, ...sizes} = sizesAt(view, 0);
    // A negative vocabulary says that the head is stored.
    const header = {version: 0, dataStart: SIZES_BYTES, tied: vocabSize > 0, groupSize: 0} as const;
    return checked({...header, sizes: {...sizes, vocab_size: Math.abs(vocabSize)}}, file);
  }
  if (head.length < HEADER_BYTES)
    throw new CheckpointError(`${file}: its header is cut off after ${head.length} of ${HEADER_BYTES} bytes`);
  const version = view.getInt32(4, true);
  if (version !== 1 && version !== 2)
    throw new CheckpointError(`${file}: is a llama2.c file of version ${version}; 0, 1 and 2 can be read`);
  const groupSize = version === 2 ? view.getInt32(37, true) : 0;
  const header = {version, dataStart: HEADER_BYTES, sizes: sizesAt(view, 8), tied: view.getUint8(36) === 1, groupSize};
  return checked(header as Llama2cHeader, file);
}

function checked(header: Llama2cHeader, file: string): Llama2cHeader {
  const {sizes, version, groupSize} = header;
  const check = (condition: boolean, what: string) => {
    if (!condition) throw new CheckpointError(`${file}: its header says ${what}`);
  };
  for (const [name, value] of Object.entries(sizes)) check(value >= 1, `${name} ${value}, which must be at least 1`);
  const {dim, n_heads: numHeads, n_kv_heads: numKeyValueHeads} = sizes;
  check(dim % numHeads === 0, `n_heads ${numHeads}, which must divide dim ${dim}`);
  check(numHeads % numKeyValueHeads === 0, `n_kv_heads ${numKeyValueHeads}, which must divide n_heads ${numHeads}`);
  check(
    version !== 2 || (groupSize >= 1 && dim % groupSize === 0),
    `a group size of ${groupSize}, which must divide dim ${dim}`,
  );
  return header;
}
