import {copyFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {openCheckpoint} from '../../src/files/checkpoint';
import {writeSafetensors} from '../../src/files/safetensors-write';
import type {CheckpointSource} from '../../src/files/sources';
import type {CheckpointFormat} from '../../src/files/weight-file';
import {checkpointErrorOf} from './errors';
import {served} from './serve';
import {inTemporaryDirectory} from './temporary';
import {floats, named, torchFile} from './torch-files';

const weights = writeSafetensors({a: {shape: [2], data: Float32Array.of(1, 2)}});
const torchWeights = torchFile(named({a: {size: 2, shape: [2]}}), {0: floats(1, 2)});
const config = {hidden_size: 2};
const configText = JSON.stringify(config);

async function expectToHold(
  source: CheckpointSource,
  expected: {format?: string; config?: object | null} = {},
): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  expect(checkpoint.format).toBe(expected.format ?? 'safetensors');
  expect(checkpoint.config).toEqual(expected.config === undefined ? config : expected.config);
  expect([...(await checkpoint.read('a'))]).toEqual([1, 2]);
  await checkpoint.close();
}

const write = (directory: string, files: Record<string, Uint8Array | string>) =>
  Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(directory, name), content)));

describe('a checkpoint is opened', () => {
  it('from a directory, a file, a file: URL', () =>
    inTemporaryDirectory(async (directory) => {
      await write(directory, {
        'config.json': configText,
        'model.safetensors': weights,
        'README.md': 'x',
        'other.pt': torchWeights,
      });
      await expectToHold(directory);
      await expectToHold(`${directory}/`);
      await expectToHold(join(directory, 'model.safetensors'));
      await expectToHold(join(directory, 'other.pt'), {format: 'torch'});
      await expectToHold(pathToFileURL(directory));
      await expectToHold(pathToFileURL(directory).href);
    }));

  it("from Meta's params.json, without a configuration, with a weight file of any name", () =>
    inTemporaryDirectory(async (directory) => {
      await write(directory, {'params.json': '{"dim": 3}', 'RWKV.pth': torchWeights});
      await expectToHold(directory, {format: 'torch', config: {dim: 3}});
      await mkdir(join(directory, 'b'));
      await write(join(directory, 'b'), {weights});
      await expectToHold(join(directory, 'b'), {config: null});
    }));

  it('by its content, whatever its name says', () =>
    inTemporaryDirectory(async (directory) => {
      await write(directory, {'model.safetensors': torchWeights, 'model.pth': weights});
      await expectToHold(join(directory, 'model.safetensors'), {format: 'torch', config: null});
      await expectToHold(join(directory, 'model.pth'), {config: null});
    }));

  it('from File objects and buffers', async () => {
    const file = (name: string, content: Uint8Array | string) => new File([content as BlobPart], name);
    await expectToHold([file('config.json', configText), file('model.safetensors', weights)]);
    await expectToHold([file('dropped', torchWeights)], {format: 'torch', config: null});
    await expectToHold(new Set([file('x.bin', weights)]), {config: null});
    await expectToHold({config, weights});
    await expectToHold({weights: torchWeights.slice().buffer}, {format: 'torch', config: null});
  });

  it('from the address of a folder and of a file', async () => {
    const asked = await served({'/m/config.json': configText, '/m/model.safetensors': weights}, async (base) => {
      await expectToHold(`${base}/m`);
      await expectToHold(new URL(`${base}/m/`));
      await expectToHold(`${base}/m/model.safetensors?download=true`);
    });
    const folder = ['/m/config.json', '/m/model.safetensors.index.json', '/m/model.safetensors'];
    expect(asked).toEqual([...folder, ...folder, '/m/config.json', '/m/model.safetensors']);
  });

  it('from addresses whose neighbours are missing, forbidden or the page of an app', async () => {
    const page = {status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html>'};
    for (const missing of [page, {status: 403}, {status: 410}])
      await served({'/config.json': missing, '/params.json': '{"dim": 3}', '/x.pth': torchWeights}, (base) =>
        expectToHold(`${base}/x.pth`, {format: 'torch', config: {dim: 3}}),
      );
    await expectToHold(`data:;base64,${Buffer.from(weights).toString('base64')}`, {config: null});
  });

  it('in a format of the caller', async () => {
    const plain: CheckpointFormat = {
      name: 'plain',
      recognizes: (head, size) => head[0] === 0x21 && size === 2,
      open: async (bytes) => ({
        tensors: new Map([['a', {dtype: 'F32', shape: [1]}]]),
        read: async () => Float32Array.of((await bytes.read(1, 1))[0]),
        close: async () => bytes.close?.(),
      }),
    };
    const checkpoint = await openCheckpoint({weights: Uint8Array.of(0x21, 9)}, {formats: [plain]});
    expect(checkpoint.format).toBe('plain');
    expect([...(await checkpoint.read('a'))]).toEqual([9]);
    expect(checkpoint.readIntegers).toBeUndefined();
  });
});

const sharded = join(import.meta.dirname, 'fixtures/sharded');

describe('a checkpoint in several files', () => {
  it('is one (a LLaMA in bfloat16)', async () => {
    const checkpoint = await openCheckpoint(sharded);
    expect(checkpoint.format).toBe('safetensors in several files');
    expect(checkpoint.config?.hidden_size).toBe(32);
    expect(checkpoint.tensors.size).toBe(22);
    expect(checkpoint.tensors.get('lm_head.weight')).toMatchObject({dtype: 'BF16', shape: [40, 32]});
    const raw = await readFile(join(sharded, 'model-00003-of-00003.safetensors'));
    const headerEnd = 8 + Number(raw.readBigUInt64LE(0));
    const header = JSON.parse(raw.toString('utf8', 8, headerEnd));
    const [begin, end] = header['lm_head.weight'].data_offsets;
    const values = await checkpoint.read('lm_head.weight');
    expect(values).toHaveLength((end - begin) / 2);
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) expect(bits[i]).toBe(raw.readUInt16LE(headerEnd + begin + 2 * i) * 65536);
    expect(await checkpointErrorOf(() => checkpoint.read('x'))).toContain('has no tensor "x"');
    await checkpoint.close();
  });

  it('is opened by its index, as File objects and from an address', async () => {
    const names = [
      'config.json',
      'model.safetensors.index.json',
      ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
    ];
    const contents = await Promise.all(names.map((name) => readFile(join(sharded, name))));
    const byIndex = await openCheckpoint(join(sharded, 'model.safetensors.index.json'));
    const expected = await byIndex.read('model.norm.weight');
    await byIndex.close();
    const dropped = await openCheckpoint(names.map((name, i) => new File([contents[i]], name)));
    expect(await dropped.read('model.norm.weight')).toEqual(expected);
    await served(Object.fromEntries(names.map((name, i) => [`/${name}`, contents[i]])), async (base) => {
      const fetched = await openCheckpoint(base);
      expect(await fetched.read('model.norm.weight')).toEqual(expected);
    });
  });

  const part = (...names: string[]) =>
    writeSafetensors(Object.fromEntries(names.map((name) => [name, {shape: [1], data: Int32Array.of(1)}])));
  const open = (weight_map: unknown, parts: Record<string, Uint8Array>) =>
    openCheckpoint([
      new File(
        [typeof weight_map === 'string' ? weight_map : JSON.stringify({weight_map})],
        'model.safetensors.index.json',
      ),
      ...Object.entries(parts).map(([name, bytes]) => new File([bytes as BlobPart], name)),
    ]);

  it('has the whole numbers of its files, and the tensors that its index forgot', async () => {
    const checkpoint = await open({a: '1'}, {1: part('a', 'b')});
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    expect([...((await checkpoint.readIntegers?.('b')) ?? [])]).toEqual([1]);
  });

  it.each([
    ['a file is missing', {a: '1', b: '2'}, {1: part('a')}, 'lists tensors in 2, but that file cannot be opened'],
    [
      'a file lacks a tensor',
      {a: '1', b: '1'},
      {1: part('a')},
      'lists tensor "b" in 1, but that file does not have it',
    ],
    ['a tensor is in another file', {a: '1', b: '1'}, {1: part('a'), 2: part('b')}, 'lists tensor "b" in 1'],
    [
      'a tensor is in two files',
      {a: '1', b: '2'},
      {1: part('a'), 2: part('a', 'b')},
      'tensor "a" is both in 1 and in 2',
    ],
    ['a file is broken', {a: '1'}, {1: part('a').subarray(0, 20)}, '1: its first 8 bytes claim'],
    ['a file is elsewhere', {a: '../1'}, {}, 'tensor "a" is in "../1", which is no file beside the index'],
    ['a file is the folder above', {a: '..'}, {}, 'tensor "a" is in "..", which is no file beside the index'],
    ['a file is a number', {a: 1}, {}, 'tensor "a" is in 1, which is no file'],
    ['the index has no weight_map', '{"a": 1}', {}, 'has no object "weight_map"'],
    ['the index lists a tensor twice', '{"weight_map": {"a": "1", "a": "2"}}', {}, 'the name "a" stands there twice'],
    ['the index is no JSON', '{"weight_map": }', {}, 'is no JSON'],
  ])('an error when %s', async (_, weightMap, parts, message) => {
    const found = await checkpointErrorOf(() => open(weightMap, parts as Record<string, Uint8Array>));
    expect(found).toContain(message);
  });
});

describe('what is no checkpoint', () => {
  it('nothing there', () =>
    inTemporaryDirectory(async (directory) => {
      expect(await checkpointErrorOf(() => openCheckpoint(join(directory, 'x')))).toContain('ENOENT');
      expect(await checkpointErrorOf(() => openCheckpoint(directory))).toBe(
        `${directory}: has no weight file; name the file itself, or call it model.safetensors`,
      );
      await write(directory, {'a.pt': weights, 'b.bin': weights, 'c.txt': ''});
      expect(await checkpointErrorOf(() => openCheckpoint(directory))).toContain(
        'more than one weight file (a.pt, b.bin)',
      );
    }));

  it('files of other kinds', () =>
    inTemporaryDirectory(async (directory) => {
      const message = async (content: Uint8Array | string) => {
        await write(directory, {x: content});
        return checkpointErrorOf(() => openCheckpoint(join(directory, 'x')));
      };
      expect(await message('')).toContain('0 bytes that begin with ""; expected torch, safetensors or an index');
      expect(await message('<!doctype html>\n')).toContain('16 bytes that begin with "<!doctype ht"');
      expect(await message(Uint8Array.of(0x80, 2, 0x8a, 10))).toContain('torch file of the old kind');
    }));

  it('configurations that cannot be read', async () => {
    const open = (text: string) =>
      openCheckpoint([new File([text], 'config.json'), new File([weights as BlobPart], 'a.pt')]);
    expect(await checkpointErrorOf(() => open('{'))).toContain('config.json: is no JSON');
    expect(await checkpointErrorOf(() => open('[]'))).toContain('config.json holds no JSON object');
  });

  it('addresses without one', async () => {
    await served({'/a/config.json': {status: 500}}, async (base) => {
      expect(await checkpointErrorOf(() => openCheckpoint(`${base}/a`))).toBe(
        `${base}/a/config.json: the server answers with HTTP status 500`,
      );
      expect(await checkpointErrorOf(() => openCheckpoint(`${base}/b`))).toBe(
        `${base}/b/model.safetensors: the server answers with HTTP status 404`,
      );
      expect(await checkpointErrorOf(() => openCheckpoint(`${base}/b.pth`))).toBe(
        `${base}/b.pth: the server answers with HTTP status 404`,
      );
    });
    expect(await checkpointErrorOf(() => openCheckpoint('http://'))).toBe('http://: is no URL');
  });

  it('sources of other types', async () => {
    for (const source of [null, 3, {}, Uint8Array.of(1)])
      expect(await checkpointErrorOf(() => openCheckpoint(source as never))).toContain('a checkpoint is a directory');
    const twice = [new File([], 'a'), new File([], 'a')];
    expect(await checkpointErrorOf(() => openCheckpoint(twice))).toBe('two of the files are named a');
  });

  it('leaves no file open when it fails', () =>
    inTemporaryDirectory(async (directory) => {
      await copyFile(join(sharded, 'model.safetensors.index.json'), join(directory, 'model.safetensors.index.json'));
      await copyFile(
        join(sharded, 'model-00001-of-00003.safetensors'),
        join(directory, 'model-00001-of-00003.safetensors'),
      );
      await write(directory, {x: 'nothing'});
      const openFiles = async () => (await import('node:fs/promises')).readdir('/proc/self/fd').catch(() => []);
      const before = await openFiles();
      for (const path of [directory, join(directory, 'x')]) await checkpointErrorOf(() => openCheckpoint(path));
      expect((await openFiles()).length).toBe(before.length);
    }));
});
