import {type ByteSource, CheckpointError, type CheckpointFormat, type StoredTensor} from '@variants/core';

const MAGIC = 0x616b3432;
/** Bytes before the weights from version 1 on. */
const HEADER_BYTES = 256;
/** llama2.c does not store it. */
const NORM_EPSILON = 1e-5;

interface Header {
  version: number;
  /** Where the weights begin. */
  offset: number;
  fields: {
    dim: number;
    hidden_dim: number;
    n_layers: number;
    n_heads: number;
    n_kv_heads: number;
    vocab_size: number;
    max_seq_len: number;
  };
  tied: boolean;
  /** Values that share a scale, in version 2. */
  groupSize: number;
}

/** Where a tensor lies in the file: float32 values, or int8 values and a float32 scale per group. */
interface Place {
  shape: number[];
  offset: number;
  /** 0 where values are float32. */
  groupSize: number;
}

/**
 * The .bin files of karpathy/llama2.c (export.py): version 0, as stories15M.bin, version 1, and version 2 with int8
 * values in groups (Q8_0). The configuration stands in the file; `extra.model_args` gives it under llama2.c's names.
 */
export const llama2cBin: CheckpointFormat = {
  name: 'llama2.c',
  recognizes: (head, size) => {
    if (head.length < 28) return false;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    if (view.getUint32(0, true) === MAGIC) return true;
    // Version 0 has no magic number: seven plausible sizes, and room for the embedding.
    const [dim, , , numHeads, , vocabSize] = Array.from({length: 7}, (_, i) => view.getInt32(4 * i, true));
    const plausible = dim > 0 && dim < 2 ** 20 && numHeads > 0 && dim % numHeads === 0 && vocabSize !== 0;
    return plausible && 4 * dim * Math.abs(vocabSize) < size;
  },
  async open(bytes) {
    const header = readHeader(await bytes.read(0, Math.min(HEADER_BYTES, bytes.size)), bytes.name);
    const {places, end} = placesOf(header);
    if (end !== bytes.size)
      throw new CheckpointError(
        `${bytes.name}: has ${bytes.size} bytes, but a llama2.c file of version ${header.version} with this header has ${end}`,
      );
    const tensors = new Map<string, StoredTensor>([...places].map(([name, {shape}]) => [name, {dtype: 'F32', shape}]));
    return {
      tensors,
      read: (name) => readPlace(bytes, places.get(name), name),
      extra: {model_args: {...header.fields, norm_eps: NORM_EPSILON, tied: header.tied}},
      close: async () => bytes.close?.(),
    };
  },
};

function readHeader(head: Uint8Array, file: string): Header {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const hasMagic = view.getUint32(0, true) === MAGIC;
  if (hasMagic && head.length < HEADER_BYTES)
    throw new CheckpointError(`${file}: its header is cut off after ${head.length} of ${HEADER_BYTES} bytes`);
  const version = hasMagic ? view.getInt32(4, true) : 0;
  if (version > 2 || version < 0)
    throw new CheckpointError(`${file}: is a llama2.c file of version ${version}; 0, 1 and 2 can be read`);
  const start = hasMagic ? 8 : 0;
  const [dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocabSize, max_seq_len] = Array.from({length: 7}, (_, i) =>
    view.getInt32(start + 4 * i, true),
  );
  const fields = {dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size: Math.abs(vocabSize), max_seq_len};
  for (const [name, value] of Object.entries(fields))
    if (value < 1) throw new CheckpointError(`${file}: its header says ${name} ${value}; it must be at least 1`);
  const groupSize = version === 2 ? view.getInt32(37, true) : 0;
  if (version === 2 && (groupSize < 1 || dim % groupSize !== 0 || hidden_dim % groupSize !== 0))
    throw new CheckpointError(
      `${file}: its header says group size ${groupSize}, which must divide dim ${dim} and hidden_dim ${hidden_dim}`,
    );
  return {
    version,
    offset: hasMagic ? HEADER_BYTES : 28,
    fields,
    tied: hasMagic ? view.getUint8(36) === 1 : vocabSize > 0,
    groupSize,
  };
}

/** The tensors in the order in which the version writes them. */
function placesOf({version, offset, fields, tied, groupSize}: Header): {places: Map<string, Place>; end: number} {
  const {dim, hidden_dim: hidden, n_layers: numLayers, n_heads, n_kv_heads, vocab_size, max_seq_len} = fields;
  const headSize = dim / n_heads;
  const keyValues = n_kv_heads * headSize;
  const places = new Map<string, Place>();
  let end = offset;
  const add = (name: string, shape: number[], groups = 0) => {
    places.set(name, {shape, offset: end, groupSize: groups});
    const size = shape.reduce((product, n) => product * n, 1);
    end += groups ? size + (4 * size) / groups : 4 * size;
  };
  const addAll = (name: string, shape: number[], groups = 0) => {
    for (let i = 0; i < numLayers; i++) add(`layers.${i}.${name}.weight`, shape, groups);
  };
  const attention = (groups: number) => {
    addAll('attention.wq', [dim, dim], groups);
    addAll('attention.wk', [keyValues, dim], groups);
    addAll('attention.wv', [keyValues, dim], groups);
    addAll('attention.wo', [dim, dim], groups);
  };
  const feedForward = (groups: number) => {
    addAll('feed_forward.w1', [hidden, dim], groups);
    addAll('feed_forward.w2', [dim, hidden], groups);
    addAll('feed_forward.w3', [hidden, dim], groups);
  };
  if (version === 0) {
    add('tok_embeddings.weight', [vocab_size, dim]);
    addAll('attention_norm', [dim]);
    attention(0);
    addAll('ffn_norm', [dim]);
    feedForward(0);
    add('norm.weight', [dim]);
    // Cosines and sines, which we compute.
    end += 4 * max_seq_len * headSize;
  } else {
    addAll('attention_norm', [dim]);
    addAll('ffn_norm', [dim]);
    add('norm.weight', [dim]);
    add('tok_embeddings.weight', [vocab_size, dim], groupSize);
    attention(groupSize);
    feedForward(groupSize);
  }
  if (!tied) add('output.weight', [vocab_size, dim], groupSize);
  return {places, end};
}

async function readPlace(bytes: ByteSource, place: Place | undefined, name: string): Promise<Float32Array> {
  if (!place) throw new CheckpointError(`${bytes.name}: has no tensor "${name}"`);
  const size = place.shape.reduce((product, n) => product * n, 1);
  const floats = async (offset: number, count: number) => {
    // A copy: the bytes may begin at an address that no Float32Array can.
    const raw = await bytes.read(offset, 4 * count);
    return new Float32Array(raw.slice().buffer);
  };
  if (!place.groupSize) return floats(place.offset, size);
  const quantized = await bytes.read(place.offset, size);
  const scales = await floats(place.offset + size, size / place.groupSize);
  const signed = new Int8Array(quantized.buffer, quantized.byteOffset, size);
  return Float32Array.from(signed, (value, i) => value * scales[Math.floor(i / place.groupSize)]);
}
