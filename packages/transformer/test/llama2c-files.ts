import type {Transformer} from '../src';

/** How a llama2.c file is written. */
export interface Llama2cFile {
  version: 0 | 1 | 2;
  /** Of version 2. */
  groupSize?: number;
}

/** Bytes put one after the other. */
class Writer {
  private readonly pieces: Uint8Array[] = [];
  private readonly view = new DataView(new ArrayBuffer(4));

  int32(...values: number[]): void {
    for (const value of values) {
      this.view.setInt32(0, value, true);
      this.bytes(new Uint8Array(this.view.buffer.slice(0)));
    }
  }

  bytes(piece: Uint8Array): void {
    this.pieces.push(piece);
  }

  floats(values: Float32Array): void {
    this.bytes(new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)));
  }

  fillUpTo(size: number): void {
    this.bytes(new Uint8Array(size - this.size));
  }

  get size(): number {
    return this.pieces.reduce((size, piece) => size + piece.length, 0);
  }

  all(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.size);
    let offset = 0;
    for (const piece of this.pieces) {
      all.set(piece, offset);
      offset += piece.length;
    }
    return all;
  }
}

/** Rounds values to int8 with a scale per group, as llama2.c does. */
function quantize(values: Float32Array, groupSize: number): {quantized: Int8Array; scales: Float32Array} {
  const scales = new Float32Array(values.length / groupSize);
  const quantized = Int8Array.from(values, (_, i) => {
    const group = Math.floor(i / groupSize);
    const members = values.subarray(group * groupSize, (group + 1) * groupSize);
    scales[group] = Math.max(...members.map(Math.abs)) / 127;
    return Math.round(values[i] / scales[group]);
  });
  return {quantized, scales};
}

/** The .bin file of a model, as llama2.c's export.py writes it. */
export function llama2cFile(model: Transformer, {version, groupSize = 4}: Llama2cFile): Uint8Array<ArrayBuffer> {
  const {config} = model;
  const out = new Writer();
  const sizes = [
    config.hiddenSize,
    config.intermediateSize,
    config.numLayers,
    config.numHeads,
    config.numKeyValueHeads,
    version === 0 && !config.tieEmbedding ? -config.vocabSize : config.vocabSize,
    config.maxSequenceLength as number,
  ];
  if (version > 0) out.int32(0x616b3432, version);
  out.int32(...sizes);
  if (version > 0) out.bytes(Uint8Array.of(config.tieEmbedding ? 1 : 0));
  if (version === 2) out.int32(groupSize);
  if (version > 0) out.fillUpTo(256);

  const weights = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
  const write = (name: string) => {
    const weight = weights.get(name);
    if (!weight) throw new Error(`no weight ${name}`);
    const values = (name.endsWith('/kernel') ? weight.transpose() : weight).dataSync<'float32'>();
    if (version < 2 || weight.rank < 2) return out.floats(values);
    const {quantized, scales} = quantize(values, groupSize);
    out.bytes(new Uint8Array(quantized.buffer));
    out.floats(scales);
  };
  const ofAllLayers = (...names: string[]) => {
    for (const name of names) for (let i = 0; i < config.numLayers; i++) write(`block_${i}/${name}`);
  };
  const attention = ['queries', 'keys', 'values', 'output'].map((name) => `mixer/${name}/kernel`);
  const feedForward = ['up', 'down', 'gate'].map((name) => `feed_forward/${name}/kernel`);
  if (version === 0) {
    write('embedding/table');
    ofAllLayers('mixer_norm/weight', ...attention, 'feed_forward_norm/weight', ...feedForward);
    write('final_norm/weight');
    out.floats(new Float32Array((config.maxSequenceLength as number) * config.headSize).fill(Number.NaN));
  } else {
    ofAllLayers('mixer_norm/weight', 'feed_forward_norm/weight');
    write('final_norm/weight');
    write('embedding/table');
    ofAllLayers(...attention, ...feedForward);
  }
  if (!config.tieEmbedding) write('head/kernel');
  return out.all();
}
