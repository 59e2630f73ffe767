/** Parts of torch.save files, to put together whole and broken ones: a zip of stored entries and pickle opcodes. */

export interface Entry {
  name: string;
  bytes: Uint8Array;
  /** Bytes of extra field in the local header, as torch pads with. */
  padding?: number;
  /** Changes to the central record, as [offset, 16-bit value]. */
  patch?: [number, number][];
}

const encoder = new TextEncoder();

export function join(...parts: (Uint8Array | number[] | string)[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : Uint8Array.from(part)));
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

export function little(value: number, bytes: number): number[] {
  return Array.from({length: bytes}, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/** A zip; with `zip64` sizes and offsets stand in the records for large files only. */
export function zip(entries: Entry[], {zip64 = false, comment = ''} = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    offset += part.length;
  };
  for (const {name, bytes, padding = 0, patch = []} of entries) {
    const headerOffset = offset;
    const nameBytes = encoder.encode(name);
    const extra = padding === 0 ? [] : [0x46, 0x42, ...little(padding, 2), ...new Array(padding).fill(0x5a)];
    // Sizes of 0, as where they follow the data in a descriptor.
    add(
      join('PK\x03\x04', new Array(22).fill(0), little(nameBytes.length, 2), little(extra.length, 2), nameBytes, extra),
    );
    add(bytes);
    const size = zip64 ? [255, 255, 255, 255] : little(bytes.length, 4);
    const field = zip64
      ? [1, 0, 24, 0, ...little(bytes.length, 8), ...little(bytes.length, 8), ...little(headerOffset, 8)]
      : [];
    const fieldBefore = zip64 ? [7, 7, 2, 0, 1, 1] : [];
    const record = join(
      'PK\x01\x02',
      new Array(16).fill(0),
      size,
      size,
      little(nameBytes.length, 2),
      little(field.length + fieldBefore.length, 2),
      new Array(10).fill(0),
      zip64 ? [255, 255, 255, 255] : little(headerOffset, 4),
      nameBytes,
      fieldBefore,
      field,
    );
    for (const [at, value] of patch) record.set(little(value, 2), at);
    central.push(record);
  }
  const directoryOffset = offset;
  for (const record of central) add(record);
  const directorySize = offset - directoryOffset;
  if (zip64) {
    const endOffset = offset;
    const count = little(entries.length, 8);
    add(
      join(
        'PK\x06\x06',
        new Array(20).fill(0),
        new Array(8).fill(0),
        count,
        little(directorySize, 8),
        little(directoryOffset, 8),
      ),
    );
    add(join('PK\x06\x07', new Array(4).fill(0), little(endOffset, 8), new Array(4).fill(0)));
  }
  const inEnd = (value: number, bytes: number) => (zip64 ? new Array(bytes).fill(255) : little(value, bytes));
  const count = inEnd(entries.length, 2);
  add(
    join(
      'PK\x05\x06',
      new Array(4).fill(0),
      count,
      count,
      inEnd(directorySize, 4),
      inEnd(directoryOffset, 4),
      little(comment.length, 2),
      comment,
    ),
  );
  return join(...parts);
}

/** What a pickle pushes. */
export type Pickled = Uint8Array;

export const op = {
  text: (value: string): Pickled => join('X', little(encoder.encode(value).length, 4), value),
  integer: (value: number): Pickled => join('J', little(value < 0 ? value + 2 ** 32 : value, 4)),
  none: join('N'),
  tuple: (...items: Pickled[]): Pickled => join('(', ...items, 't'),
  list: (...items: Pickled[]): Pickled => join('](', ...items, 'e'),
  dict: (entries: [Pickled, Pickled][]): Pickled => join('}(', ...entries.flat(), 'u'),
  global: (module: string, name: string): Pickled => join(`c${module}\n${name}\n`),
  call: (callable: Pickled, ...args: Pickled[]): Pickled => join(callable, '(', ...args, 't', 'R'),
};

export function storage(type: string, key: string, size: number): Pickled {
  const id = [op.text('storage'), op.global('torch', type), op.text(key), op.text('cpu'), op.integer(size)];
  return join('(', ...id, 't', 'Q');
}

export interface TensorParts {
  type?: string;
  key?: string;
  size: number;
  offset?: number;
  shape: number[];
  strides?: number[];
}

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

export function tensor({
  type = 'FloatStorage',
  key = '0',
  size,
  offset = 0,
  shape,
  strides = rowMajor(shape),
}: TensorParts): Pickled {
  const numbers = (values: number[]) => op.tuple(...values.map(op.integer));
  const hooks = op.call(op.global('collections', 'OrderedDict'));
  const rebuild = op.global('torch._utils', '_rebuild_tensor_v2');
  return op.call(
    rebuild,
    storage(type, key, size),
    op.integer(offset),
    numbers(shape),
    numbers(strides),
    join([0x89]),
    hooks,
  );
}

function pickle(value: Pickled): Uint8Array {
  return join([0x80, 2], value, '.');
}

/** A file as torch.save writes it. */
export function torchFile(
  saved: Pickled,
  storages: Record<string, Uint8Array>,
  more: Entry[] = [],
  options = {},
): Uint8Array {
  return zip(
    [
      {name: 'archive/data.pkl', bytes: pickle(saved), padding: 17},
      ...Object.entries(storages).map(([key, bytes]) => ({name: `archive/data/${key}`, bytes, padding: 5})),
      ...more,
    ],
    options,
  );
}

export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A dict of tensors. */
export function named(tensors: Record<string, TensorParts>): Pickled {
  return op.dict(Object.entries(tensors).map(([name, parts]) => [op.text(name), tensor(parts)]));
}

export function floats(...values: number[]): Uint8Array {
  return bytesOf(Float32Array.from(values));
}
