import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {loadCheckpoint} from '../../src/checkpoints/load';
import {checkpointFiles, saveCheckpoint} from '../../src/checkpoints/save';
import {ConfigError} from '../../src/errors';
import {openCheckpoint} from '../../src/files/checkpoint';
import {readSafetensors} from '../../src/files/safetensors';
import {checkpointErrorOf} from '../files/errors';
import {inTemporaryDirectory} from '../files/temporary';
import {
  authorsConfig,
  authorsTensors,
  ourValues,
  type TinyModel,
  tinyConfig,
  tinyLayout,
  tinyModel,
  tinySource,
  valuesByName,
} from './tiny-model';

const load = (source: Parameters<typeof loadCheckpoint>[0]) => loadCheckpoint(source, [tinyLayout], tinyModel);

async function withModel(action: (model: TinyModel, directory: string) => Promise<void>): Promise<void> {
  const model = await load(tinySource());
  try {
    await inTemporaryDirectory((directory) => action(model, directory));
  } finally {
    model.dispose();
  }
}

describe('checkpointFiles', () => {
  it("holds the authors' names, shapes and configuration, aliases and buffers too", () =>
    withModel(async (model) => {
      const files = await checkpointFiles(model);
      expect(JSON.parse(files['config.json'])).toEqual(authorsConfig);
      const {tensors, metadata} = readSafetensors(files['model.safetensors']);
      expect(metadata).toEqual({format: 'pt'});
      expect(tensors).toEqual(
        Object.fromEntries(Object.entries(authorsTensors).map(([name, tensor]) => [name, {...tensor, dtype: 'F32'}])),
      );
    }));

  it('loads to the same model, bit by bit', async () => {
    const model = tinyModel(tinyConfig);
    const files = await checkpointFiles(model);
    const again = await load({config: JSON.parse(files['config.json']), weights: files['model.safetensors']});
    expect(valuesByName(again)).toEqual(valuesByName(model));
    expect(await checkpointFiles(again)).toEqual(files);
    model.dispose();
    again.dispose();
  });

  it('refuses layouts that would write a broken file', () =>
    withModel(async (model) => {
      const layout = tinyLayout;
      model.layout = {...layout, buffers: () => ({decay: {shape: [3], data: new Float32Array(2)}})};
      expect(await checkpointErrorOf(() => checkpointFiles(model))).toContain(
        'buffer "decay" of shape [3] has 2 values',
      );
      model.layout = {...layout, buffers: () => ({'up.bias': {shape: [2], data: new Float32Array(2)}})};
      expect(await checkpointErrorOf(() => checkpointFiles(model))).toContain('names two tensors "up.bias"');
    }));
});

describe('saveCheckpoint', () => {
  it('writes the same files as checkpointFiles into a directory that it makes', () =>
    withModel(async (model, directory) => {
      const target = join(directory, 'a/b');
      await saveCheckpoint(model, target);
      const files = await checkpointFiles(model);
      expect((await readdir(target)).sort()).toEqual(['config.json', 'model.safetensors']);
      expect(new Uint8Array(await readFile(join(target, 'model.safetensors')))).toEqual(files['model.safetensors']);
      expect(await readFile(join(target, 'config.json'), 'utf8')).toBe(files['config.json']);
      const again = await load(target);
      expect(valuesByName(again)).toEqual(ourValues);
      again.dispose();
    }));

  it.each([
    [1, 5],
    [24, 3],
    [32, 3],
    [48, 2],
    [71, 2],
  ])('at most %d bytes of tensors in a file: %d files and an index', (maxShardBytes, count) =>
    withModel(async (model, directory) => {
      await saveCheckpoint(model, directory, {maxShardBytes});
      const parts = Array.from({length: count}, (_, i) => `model-0000${i + 1}-of-0000${count}.safetensors`);
      expect((await readdir(directory)).sort()).toEqual(
        ['config.json', ...parts, 'model.safetensors.index.json'].sort(),
      );
      const index = JSON.parse(await readFile(join(directory, 'model.safetensors.index.json'), 'utf8'));
      expect(index.metadata).toEqual({total_size: 72});
      expect(Object.keys(index.weight_map).sort()).toEqual(Object.keys(authorsTensors).sort());
      for (const part of parts) {
        const {tensors} = readSafetensors(await readFile(join(directory, part)));
        const bytes = Object.values(tensors).reduce((sum, {data}) => sum + data.byteLength, 0);
        expect(bytes <= maxShardBytes || Object.keys(tensors).length === 1).toBe(true);
      }
      const again = await load(directory);
      expect(valuesByName(again)).toEqual(ourValues);
      again.dispose();
    }),
  );

  it('takes the place of what was saved before, and of nothing else', () =>
    withModel(async (model, directory) => {
      await writeFile(join(directory, 'tokenizer.json'), '{}');
      for (const maxShardBytes of [1, 72, 48, undefined]) {
        await saveCheckpoint(model, directory, {maxShardBytes});
        const checkpoint = await openCheckpoint(directory);
        expect(checkpoint.format).toBe(
          maxShardBytes && maxShardBytes < 72 ? 'safetensors in several files' : 'safetensors',
        );
        await checkpoint.close();
      }
      expect((await readdir(directory)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    }));

  it('leaves the old files whole, and nothing half written, when it is interrupted', () =>
    withModel(async (model, directory) => {
      await saveCheckpoint(model, directory);
      const before = await readFile(join(directory, 'model.safetensors'));
      const last = model.weights[2];
      const read = last.read;
      last.read = () => {
        throw new Error('out of memory');
      };
      expect(await checkpointErrorOf(() => saveCheckpoint(model, directory))).toBe(
        `${directory}: cannot be written (out of memory)`,
      );
      last.read = read;
      expect(await readFile(join(directory, 'model.safetensors'))).toEqual(before);
      expect((await readdir(directory)).sort()).toEqual(['config.json', 'model.safetensors']);
    }));

  it('says why it cannot write', () =>
    withModel(async (model, directory) => {
      const file = join(directory, 'file');
      await writeFile(file, '');
      expect(await checkpointErrorOf(() => saveCheckpoint(model, file))).toContain(
        `${file}: cannot be written (EEXIST`,
      );
      await mkdir(join(directory, 'd/model.safetensors.partial'), {recursive: true});
      expect(await checkpointErrorOf(() => saveCheckpoint(model, join(directory, 'd')))).toContain('EISDIR');
    }));

  it.each([0, -1, Number.NaN])('refuses %d bytes in a file', (maxShardBytes) =>
    withModel(async (model, directory) => {
      await expect(saveCheckpoint(model, directory, {maxShardBytes})).rejects.toThrow(ConfigError);
    }),
  );
});
