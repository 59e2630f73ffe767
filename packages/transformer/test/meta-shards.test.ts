import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {CheckpointError, checkpointFiles, readSafetensors, writeSafetensors} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type Transformer, transformer} from '../src';
import {withDirectory} from './temporary';

type Tensors = Record<string, {shape: number[]; data: Float32Array}>;

/** Part `i` of `count` of a tensor, cut along an axis. */
function cut({shape, data}: Tensors[string], axis: number, i: number, count: number): Tensors[string] {
  const [rows, columns] = shape;
  const size = shape.with(axis, shape[axis] / count);
  const inside = (place: number) => {
    const along = axis === 0 ? Math.floor(place / columns) : place % columns;
    return Math.floor(along / size[axis]) === i;
  };
  expect(rows * columns).toBe(data.length);
  return {shape: size, data: data.filter((_, place) => inside(place))};
}

/** How Meta cuts: embeddings by features in Llama 1 and 2, by tokens in Llama 3. */
function axisOf(name: string, embeddingAxis: 0 | 1): number {
  if (name === 'tok_embeddings.weight') return embeddingAxis;
  return /\.(wo|w2)\./.test(name) ? 1 : 0;
}

/** A small model of Meta's and its files: the parts, as they would be cut for `count` GPUs, and params.json. */
async function cutModel(
  count: number,
  embeddingAxis: 0 | 1,
): Promise<{model: Transformer; files: Map<string, Uint8Array>}> {
  const model = transformer({
    vocabSize: 12,
    hiddenSize: 16,
    numLayers: 2,
    numHeads: 4,
    intermediateSize: 20,
    maxSequenceLength: null,
    layout: 'meta',
    seed: 2,
  });
  const whole = await checkpointFiles(model);
  const tensors = readSafetensors(whole['model.safetensors']).tensors as unknown as Tensors;
  const files = new Map<string, Uint8Array>([['params.json', new TextEncoder().encode(whole['config.json'])]]);
  for (let i = 0; i < count; i++) {
    const part = Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.shape.length === 1 ? tensor : cut(tensor, axisOf(name, embeddingAxis), i, count),
    ]);
    files.set(`consolidated.${String(i).padStart(2, '0')}.pth`, writeSafetensors(Object.fromEntries(part)));
  }
  return {model, files};
}

const asFiles = (files: Map<string, Uint8Array>) =>
  [...files].map(([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name));

const weightsOf = (model: Transformer) => model.weights.map((weight) => weight.read().dataSync());

describe("Meta's LLaMA in several files", () => {
  it('is put together, however the embedding was cut', async () => {
    for (const count of [2, 4])
      for (const embeddingAxis of [0, 1] as const) {
        const {model, files} = await cutModel(count, embeddingAxis);
        const loaded = await fromPretrained(asFiles(files));
        expect(weightsOf(loaded)).toEqual(weightsOf(model));
        expect(loaded.layout.name).toBe('meta');
        loaded.dispose();
        model.dispose();
      }
  });

  it('may be a directory', async () => {
    const {model, files} = await cutModel(2, 1);
    await withDirectory(async (directory) => {
      for (const [name, bytes] of files) await writeFile(join(directory, name), bytes);
      const loaded = await fromPretrained(directory);
      expect(weightsOf(loaded)).toEqual(weightsOf(model));
      loaded.dispose();
    });
    model.dispose();
  });

  it('is refused without one of its files', async () => {
    const {model, files} = await cutModel(4, 1);
    const without = (name: string) => fromPretrained(asFiles(files).filter((file) => file.name !== name));
    await expect(without('consolidated.01.pth')).rejects.toThrow(
      'has 3 parts, consolidated.NN.pth, but none of number 1',
    );
    await expect(without('params.json')).rejects.toThrow('has no params.json');
    // Nothing tells that there should be a fourth, but the sizes.
    await expect(without('consolidated.03.pth')).rejects.toThrow(CheckpointError);
    model.dispose();
  });

  it('is refused where the parts differ', async () => {
    const {model, files} = await cutModel(2, 1);
    const other = await cutModel(4, 1);
    files.set('consolidated.01.pth', other.files.get('consolidated.01.pth') as Uint8Array);
    await expect(fromPretrained(asFiles(files))).rejects.toThrow(
      /tensor "[a-z0-9._]+" has the shape \[\d+,\d+\] in the first part, but not in all of them/,
    );
    other.model.dispose();
    model.dispose();
  });
});
