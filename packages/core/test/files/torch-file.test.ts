import {join as joinPath} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {bufferSource} from '../../src/files/bytes';
import {openCheckpoint} from '../../src/files/checkpoint';
import {openTorchFile} from '../../src/files/torch-file';
import {bytesOf, floats, join, named, op, rowMajor, tensor, torchFile} from './torch-files';

const fixture = joinPath(import.meta.dirname, 'fixtures/ckpt.pt');
const open = (bytes: Uint8Array) => openTorchFile(bufferSource('x.pt', bytes));

describe("a file that torch.save wrote (llama2.c's ckpt.pt)", () => {
  it('holds the tensors of its model without the prefix of torch.compile, and the rest as extra', async () => {
    const file = await openCheckpoint(fixture);
    expect(file.tensors.size).toBe(21);
    expect(file.tensors.get('tok_embeddings.weight')).toEqual({dtype: 'F32', shape: [48, 32]});
    expect(file.tensors.get('layers.1.feed_forward.w2.weight')).toEqual({dtype: 'F32', shape: [32, 96]});
    expect(file.extra).toEqual({
      model_args: {
        dim: 32,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        vocab_size: 48,
        hidden_dim: null,
        multiple_of: 16,
        norm_eps: 1e-5,
        max_seq_len: 32,
        dropout: 0,
      },
      iter_num: 7,
      config: {dim: 32},
    });
  });

  it('gives the values that the safetensors file of the same model has', async () => {
    const file = await openCheckpoint(fixture);
    const embeddings = await file.read('tok_embeddings.weight');
    const first = [0.11804935336112976, -0.4583152234554291, 0.20945025980472565, -0.1125536561012268];
    expect([...embeddings.subarray(0, 4)]).toEqual(first);
    expect(embeddings.reduce((sum, value) => sum + value, 0)).toBeCloseTo(24.27890274405945, 8);
    expect(await file.read('output.weight')).toEqual(embeddings);
    const inner = await file.read('layers.1.feed_forward.w2.weight');
    expect(inner.at(-1)).toBe(0.02841794118285179);
    expect(inner.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0.7446543713458595, 8);
  });
});

describe('torch files', () => {
  it('storages of every type', async () => {
    const storages = {
      DoubleStorage: Float64Array.of(-1, 2),
      FloatStorage: Float32Array.of(-1, 2),
      HalfStorage: Uint16Array.of(0xbc00, 0x4000),
      BFloat16Storage: Uint16Array.of(0xbf80, 0x4000),
      LongStorage: BigInt64Array.of(-1n, 2n),
      IntStorage: Int32Array.of(-1, 2),
      ShortStorage: Int16Array.of(-1, 2),
      CharStorage: Int8Array.of(-1, 2),
      ByteStorage: Uint8Array.of(255, 2),
      BoolStorage: Uint8Array.of(1, 0),
    };
    const types = Object.keys(storages);
    const tensors = Object.fromEntries(types.map((type) => [type, {type, key: type, size: 2, shape: [2]}]));
    const bytes = Object.fromEntries(Object.entries(storages).map(([type, values]) => [type, bytesOf(values)]));
    const file = await open(torchFile(named(tensors), bytes));
    const expected: Record<string, number[]> = {ByteStorage: [255, 2], BoolStorage: [1, 0]};
    for (const type of types) expect([...(await file.read(type))]).toEqual(expected[type] ?? [-1, 2]);
    for (const type of types.slice(4))
      expect([...((await file.readIntegers?.(type)) ?? [])]).toEqual(expected[type] ?? [-1, 2]);
    expect([...file.tensors.values()].map(({dtype}) => dtype)).toEqual([
      'F64',
      'F32',
      'F16',
      'BF16',
      'I64',
      'I32',
      'I16',
      'I8',
      'U8',
      'BOOL',
    ]);
  });

  it('tensors that share a storage, transposed, offset, empty and without axes', async () => {
    const shared = {size: 6};
    const file = await open(
      torchFile(
        named({
          whole: {...shared, shape: [2, 3]},
          tied: {...shared, shape: [2, 3]},
          transposed: {...shared, shape: [3, 2], strides: [1, 3]},
          row: {...shared, offset: 3, shape: [3]},
          column: {...shared, offset: 1, shape: [2, 1], strides: [3, 17]},
          everySecond: {...shared, shape: [3], strides: [2]},
          scalar: {...shared, offset: 5, shape: []},
          empty: {...shared, offset: 6, shape: [0, 4]},
        }),
        {0: floats(1, 2, 3, 4, 5, 6)},
      ),
    );
    const read = async (name: string) => [...(await file.read(name))];
    expect(await read('whole')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await read('tied')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await read('transposed')).toEqual([1, 4, 2, 5, 3, 6]);
    expect(await read('row')).toEqual([4, 5, 6]);
    expect(await read('column')).toEqual([2, 5]);
    expect(await read('everySecond')).toEqual([1, 3, 5]);
    expect(await read('scalar')).toEqual([6]);
    expect(await read('empty')).toEqual([]);
  });

  it('any view of a storage is read as its definition says', async () => {
    const view = fc
      .array(fc.record({size: fc.integer({min: 1, max: 4}), gap: fc.integer({min: 1, max: 2})}), {maxLength: 4})
      .chain((axes) => fc.record({axes: fc.shuffledSubarray(axes, {minLength: axes.length}), offset: fc.nat(3)}));
    await fc.assert(
      fc.asyncProperty(view, async ({axes, offset}) => {
        const shape = axes.map(({size}) => size);
        // Axes in another order than in the storage, with gaps between them.
        const order = axes.map((_, i) => i).sort((a, b) => axes[a].gap - axes[b].gap);
        const strides: number[] = [];
        let stride = 1;
        for (const axis of order) {
          stride *= axes[axis].gap;
          strides[axis] = stride;
          stride *= shape[axis];
        }
        const size = stride * 2 + offset;
        const values = Float32Array.from({length: size}, (_, i) => i);
        const file = await open(torchFile(named({a: {size, offset, shape, strides}}), {0: bytesOf(values)}));
        const steps = rowMajor(shape);
        const count = shape.reduce((product, length) => product * length, 1);
        const expected = Array.from({length: count}, (_, i) =>
          shape.reduce((place, length, axis) => place + (Math.floor(i / steps[axis]) % length) * strides[axis], offset),
        );
        expect([...(await file.read('a'))]).toEqual(expected);
      }),
      {numRuns: 100},
    );
  });

  it('a state_dict of parameters with _metadata, an OrderedDict, in any container', async () => {
    const ordered = op.call(op.global('collections', 'OrderedDict'));
    const parameter = op.call(
      op.global('torch._utils', '_rebuild_parameter'),
      tensor({size: 1, shape: [1]}),
      join([0x88]),
      ordered,
    );
    const stateDict = join(ordered, '(', op.text('a'), parameter, 'u', op.dict([[op.text('_metadata'), ordered]]), 'b');
    for (const container of ['model', 'state_dict', 'model_state_dict', 'module', 'weights']) {
      const optimizer = op.dict([
        [op.text('moment'), tensor({size: 1, shape: [1]})],
        [op.text('lr'), join('G', [0x3f, 0xe0, 0, 0, 0, 0, 0, 0])],
      ]);
      const saved = op.dict([
        [op.text('optimizer'), optimizer],
        [op.text(container), stateDict],
      ]);
      const file = await open(torchFile(saved, {0: floats(7)}));
      expect([...file.tensors.keys()]).toEqual(['a']);
      expect([...(await file.read('a'))]).toEqual([7]);
      expect(file.extra).toEqual({optimizer: {lr: 0.5}});
    }
    const bare = await open(torchFile(stateDict, {0: floats(7)}));
    expect([...bare.tensors.keys()]).toEqual(['a']);
    expect(bare.extra).toBeUndefined();
  });

  it('extra keeps lists, tuples, booleans, whole numbers of any size and keys that are numbers', async () => {
    const long = (...bytes: number[]) => join([0x8a, bytes.length], bytes);
    const values = [
      op.none,
      join([0x88]),
      join([0x89]),
      join('M', [1, 2]),
      op.integer(-3),
      long(),
      long(255),
      long(0, 0, 0, 0, 0, 0, 0, 0x40),
    ];
    const saved = op.dict([
      [op.text('a'), tensor({size: 1, shape: [1]})],
      [op.text('list'), op.list(...values)],
      [op.text('pair'), join(op.text('x'), op.text('y'), [0x86])],
      [op.integer(4), op.tuple(tensor({size: 1, shape: [1]}))],
      [op.text('__proto__'), op.integer(1)],
    ]);
    const {extra} = await open(torchFile(saved, {0: floats(1)}));
    expect(Object.entries(extra as object)).toEqual([
      ['4', [null]],
      ['list', [null, true, false, 513, -3, 0, -1, 2n ** 62n]],
      ['pair', ['x', 'y']],
      ['__proto__', 1],
    ]);
  });

  it('zips with comments and with the records for large files', async () => {
    const tensors = named({a: {size: 2, shape: [2]}});
    for (const options of [{comment: 'PK\x05\x06 no end'}, {zip64: true}, {zip64: true, comment: 'x'}]) {
      const file = await open(torchFile(tensors, {0: floats(1, 2)}, [], options));
      expect([...(await file.read('a'))]).toEqual([1, 2]);
    }
  });
});
