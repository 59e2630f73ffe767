import {type ByteSource, CheckpointError, type CheckpointFormat, type StoredTensor} from '@variants/core';
import {isLlama2c, type Llama2cHeader, readHeader} from './llama2c-header';

/** llama2.c does not store it. */
const NORM_EPSILON = 1e-5;

/** Tensors of one name, in all layers or once, in the order of the file. */
interface Section {
  name: string;
  shape: [number] | [number, number];
  perLayer?: boolean;
  /** Stored as int8 with a float32 scale per so many values; 0 where values are float32. */
  groupSize: number;
}

/** Where a tensor lies in the file. */
interface Place extends Section {
  offset: number;
}

/** No tensor: the cosines and sines of version 0, which we compute. */
const rotaryTables = 'freqs';

/**
 * The .bin files of karpathy/llama2.c (export.py): version 0, as stories15M.bin, version 1, and version 2 with int8
 * values in groups (Q8_0). The configuration stands in the file; `extra.model_args` gives it under llama2.c's names.
 */
export const llama2cBin: CheckpointFormat = {
  name: 'llama2.c',
  recognizes: isLlama2c,
  async open(bytes) {
    const header = readHeader(await bytes.read(0, Math.min(256, bytes.size)), bytes.name);
    const places = placesOf(header, bytes);
    const tensors = new Map<string, StoredTensor>([...places].map(([name, {shape}]) => [name, {dtype: 'F32', shape}]));
    return {
      tensors,
      read: (name) => readPlace(bytes, places.get(name), name),
      extra: {model_args: {...header.sizes, norm_eps: NORM_EPSILON}},
      close: async () => bytes.close?.(),
    };
  },
};

const sizeOf = ({shape}: Section) => shape.reduce((product: number, n) => product * n, 1);

const bytesOf = (section: Section) =>
  section.groupSize ? sizeOf(section) * (1 + 4 / section.groupSize) : 4 * sizeOf(section);

/** What stands in a file, in its order. */
function sectionsOf({version, sizes, tied, groupSize}: Llama2cHeader): Section[] {
  const {dim, hidden_dim: hidden, n_heads, n_kv_heads, vocab_size: vocabSize, max_seq_len} = sizes;
  const keyValues = n_kv_heads * (dim / n_heads);
  const norm = (name: string): Section => ({name, shape: [dim], perLayer: name !== 'norm', groupSize: 0});
  const matrix = (name: string, rows: number, columns: number): Section => ({name, shape: [rows, columns], groupSize});
  const perLayer = (section: Section): Section => ({...section, perLayer: true});
  const embedding = matrix('tok_embeddings', vocabSize, dim);
  const attention = [
    perLayer(matrix('attention.wq', dim, dim)),
    perLayer(matrix('attention.wk', keyValues, dim)),
    perLayer(matrix('attention.wv', keyValues, dim)),
    perLayer(matrix('attention.wo', dim, dim)),
  ];
  const feedForward = [
    perLayer(matrix('feed_forward.w1', hidden, dim)),
    perLayer(matrix('feed_forward.w2', dim, hidden)),
    perLayer(matrix('feed_forward.w3', hidden, dim)),
  ];
  const head = tied ? [] : [matrix('output', vocabSize, dim)];
  const [attentionNorm, feedForwardNorm] = [norm('attention_norm'), norm('ffn_norm')];
  if (version > 0)
    return [attentionNorm, feedForwardNorm, norm('norm'), embedding, ...attention, ...feedForward, ...head];
  const tables = matrix(rotaryTables, max_seq_len, dim / n_heads);
  return [embedding, attentionNorm, ...attention, feedForwardNorm, ...feedForward, norm('norm'), tables, ...head];
}

/** Where each tensor lies, by its name. */
function placesOf(header: Llama2cHeader, bytes: ByteSource): Map<string, Place> {
  const {version, dataStart, sizes} = header;
  const sections = sectionsOf(header);
  // Before anything is made of it: a header may claim any number of layers.
  const count = ({perLayer}: Section) => (perLayer ? sizes.n_layers : 1);
  const end = sections.reduce((sum, section) => sum + count(section) * bytesOf(section), dataStart);
  if (end !== bytes.size)
    throw new CheckpointError(
      `${bytes.name}: has ${bytes.size} bytes, but a llama2.c file of version ${version} with this header has ${end}`,
    );
  const places = new Map<string, Place>();
  let offset = dataStart;
  for (const section of sections)
    for (let i = 0; i < count(section); i++, offset += bytesOf(section)) {
      const name = `${section.perLayer ? `layers.${i}.` : ''}${section.name}.weight`;
      if (section.name !== rotaryTables) places.set(name, {...section, offset});
    }
  return places;
}

async function readPlace(bytes: ByteSource, place: Place | undefined, name: string): Promise<Float32Array> {
  if (!place) throw new CheckpointError(`${bytes.name}: has no tensor "${name}"`);
  const size = sizeOf(place);
  const floats = async (offset: number, count: number) => {
    const raw = await bytes.read(offset, 4 * count);
    return new Float32Array(raw.buffer, raw.byteOffset, count);
  };
  const {offset, groupSize} = place;
  if (groupSize === 0) return floats(offset, size);
  const raw = await bytes.read(offset, size);
  const quantized = new Int8Array(raw.buffer, raw.byteOffset, size);
  const scales = await floats(offset + size, size / groupSize);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = quantized[i] * scales[Math.floor(i / groupSize)];
  return values;
}
