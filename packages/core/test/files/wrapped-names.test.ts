import {describe, expect, it} from 'vitest';
import {loadCheckpoint} from '../../src/checkpoints/load';
import {type Checkpoint, openCheckpoint} from '../../src/files/checkpoint';
import {type WritableTensor, writeSafetensors} from '../../src/files/safetensors-write';
import type {CheckpointSource} from '../../src/files/sources';
import {withoutWrapper} from '../../src/files/wrapped-names';
import {authorsConfig, authorsTensors, ourValues, tinyLayout, tinyModel, valuesByName} from '../checkpoints/tiny-model';
import {checkpointErrorOf} from './errors';
import {named, type TensorParts, torchFile} from './torch-files';

type Tensors = Record<string, WritableTensor>;

const renamed = (name: (own: string) => string, tensors: Tensors = authorsTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([own, tensor]) => [name(own), tensor]));

const file = (name: string, content: Uint8Array | string) => new File([content as BlobPart], name);
const configFile = file('config.json', JSON.stringify(authorsConfig));

/** A pickle of all tensors, each with a storage of its own. */
function torchOf(tensors: Tensors): Uint8Array {
  const entries = Object.entries(tensors);
  const parts = entries.map(([name, {shape, data}], i): [string, TensorParts] => [
    name,
    {key: String(i), size: data.length, shape: [...shape]},
  ]);
  const bytes = entries.map(([, {data}], i) => [i, new Uint8Array(data.buffer)] as const);
  return torchFile(named(Object.fromEntries(parts)), Object.fromEntries(bytes));
}

/** Two files with an index. */
function shardsOf(tensors: Tensors): File[] {
  const entries = Object.entries(tensors);
  const [first, second] = [entries.slice(0, 2), entries.slice(2)].map((part) => Object.fromEntries(part));
  const weight_map = Object.fromEntries(entries.map(([name]) => [name, name in first ? 'a' : 'b']));
  return [
    configFile,
    file('model.safetensors.index.json', JSON.stringify({weight_map})),
    file('a', writeSafetensors(first)),
    file('b', writeSafetensors(second)),
  ];
}

const formats: [name: string, source: (tensors: Tensors) => CheckpointSource][] = [
  ['safetensors', (tensors) => ({config: authorsConfig, weights: writeSafetensors(tensors)})],
  ['torch', (tensors) => ({config: authorsConfig, weights: torchOf(tensors)})],
  ['several files', shardsOf],
];

const wrappers = ['_orig_mod.', 'module.', 'model.', '_fsdp_wrapped_module.'];
const nested = ['module._orig_mod.', '_orig_mod.module.', 'model._fsdp_wrapped_module._orig_mod.'];

describe('what wrappers put before all names', () => {
  it.each(formats.flatMap(([format, source]) => [...wrappers, ...nested].map((prefix) => ({format, prefix, source}))))(
    'is taken off: $prefix in $format',
    async ({prefix, source}) => {
      const model = await loadCheckpoint(source(renamed((name) => prefix + name)), [tinyLayout], tinyModel);
      expect(valuesByName(model)).toEqual(ourValues);
      model.dispose();
    },
  );

  it.each(wrappers)('stays where a tensor has other names: %s', async (prefix) => {
    const some = renamed((name) => (name === 'decay' ? name : prefix + name));
    const source = {config: authorsConfig, weights: writeSafetensors(some)};
    expect([...(await openCheckpoint(source)).tensors.keys()].sort()).toEqual(Object.keys(some).sort());
    const message = await checkpointErrorOf(() => loadCheckpoint(source, [tinyLayout], tinyModel));
    expect(message).toContain('is no checkpoint of a known layout (tiny); it has the tensors');
  });

  it('stays where a layout knows the names with it', async () => {
    const prefixed = {
      ...tinyLayout,
      recognizes: ({tensors}: Checkpoint) => tensors.has('model.up.weight'),
      tensors: () =>
        tinyLayout.tensors({inputs: 3, units: 2}).map((mapping) => ({...mapping, theirs: `model.${mapping.theirs}`})),
      buffers: () => ({}),
      ignored: [/decay/],
    };
    const source = {config: authorsConfig, weights: writeSafetensors(renamed((name) => `model.${name}`))};
    for (const layouts of [[prefixed], [tinyLayout, prefixed]]) {
      const model = await loadCheckpoint(source, layouts, tinyModel);
      expect(model.layout).toBe(prefixed);
      expect(valuesByName(model)).toEqual(ourValues);
      model.dispose();
    }
  });

  it('of which no model has parts is taken off when a file is opened, others when nobody knows the names', async () => {
    const open = (prefix: string) =>
      openCheckpoint({weights: writeSafetensors(renamed((name) => prefix + name, {a: authorsTensors.decay}))});
    const namesOf = ({tensors}: Checkpoint) => [...tensors.keys()];
    expect(namesOf(await open('_orig_mod._fsdp_wrapped_module.'))).toEqual(['a']);
    const lightning = await open('model.');
    expect(namesOf(lightning)).toEqual(['model.a']);
    const inner = withoutWrapper(lightning);
    expect(namesOf(inner as Checkpoint)).toEqual(['a']);
    expect(withoutWrapper(inner as Checkpoint)).toBeNull();
  });

  it('is no part of the names that whole numbers are read by', async () => {
    const weights = writeSafetensors({'_orig_mod.a': {shape: [2], data: Int32Array.of(3, 4)}});
    expect([...((await (await openCheckpoint({weights})).readIntegers?.('a')) ?? [])]).toEqual([3, 4]);
  });

  it('is not found in a file without tensors', async () => {
    expect(withoutWrapper(await openCheckpoint({weights: writeSafetensors({})}))).toBeNull();
  });
});
