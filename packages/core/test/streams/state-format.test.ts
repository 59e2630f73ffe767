import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CheckpointError} from '../../src/errors';
import {readSafetensors} from '../../src/files/safetensors';
import {type WritableTensor, writeSafetensors} from '../../src/files/safetensors-write';
import {mapState, type StateTree} from '../../src/streams/state-tree';
import {StreamState} from '../../src/streams/stream-state';

/** A tree with each tensor as plain data, bits included. */
function plain(tree: StateTree): unknown {
  return mapState(tree, (leaf) =>
    typeof leaf === 'number'
      ? leaf
      : ({dtype: leaf.dtype, shape: leaf.shape, bytes: [...new Uint8Array(leaf.dataSync().slice().buffer)]} as never),
  );
}

// What a test builds a tree from: tensors are made only where they are disposed of.
type Plan =
  | {type: 'float32' | 'int32' | 'bool'; values: number[]}
  | {number: number}
  | null
  | Plan[]
  | Map<string, Plan>;

function plant(plan: Plan): StateTree {
  if (plan === null) return null;
  if (Array.isArray(plan)) return plan.map(plant);
  if (plan instanceof Map) return Object.fromEntries([...plan].map(([name, child]) => [name, plant(child)]));
  return 'number' in plan ? plan.number : tf.tensor(plan.values, [1, plan.values.length], plan.type);
}

const float32 = fc.array(fc.float(), {maxLength: 4});
const int32 = fc.array(fc.integer(), {maxLength: 4});
const bool = fc.array(fc.constantFrom(0, 1), {maxLength: 4});
const {tree: anyPlan} = fc.letrec<{tree: Plan}>((tie) => ({
  tree: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    fc.oneof(
      fc.constant(null),
      fc.record({number: fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0))}),
      float32.map((values) => ({type: 'float32' as const, values})),
      int32.map((values) => ({type: 'int32' as const, values})),
      bool.map((values) => ({type: 'bool' as const, values})),
    ),
    fc.array(tie('tree'), {maxLength: 3}),
    fc
      .array(fc.tuple(fc.stringMatching(/^([a-z_]{1,9}|[0-9]|é😀|float32|__proto__|constructor)$/), tie('tree')), {
        maxLength: 3,
      })
      .map((entries) => new Map(entries)),
  ),
}));

describe('toBytes and fromBytes', () => {
  it('give back any tree, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyPlan, async (plan) => {
        const state = new StreamState(plant(plan));
        const again = StreamState.fromBytes(await state.toBytes());
        const [before, after] = [plain(state.tree), plain(again.tree)];
        state.dispose();
        again.dispose();
        expect(after).toEqual(before);
      }),
      {numRuns: 200},
    );
  });

  it('keep the bits of NaN, of -0 and of the smallest and largest numbers', async () => {
    const bits = Uint32Array.of(0x7fc00001, 0x80000000, 1, 0x7f7fffff, 0xff800000);
    const state = new StreamState({x: tf.tensor1d(new Float32Array(bits.buffer.slice(0)))});
    const again = StreamState.fromBytes(await state.toBytes());
    const {x} = again.tree as {x: tf.Tensor};
    expect(new Uint32Array(x.dataSync().slice().buffer)).toEqual(bits);
    state.dispose();
    again.dispose();
  });

  it('keep a tensor that was cast, whose values some backends leave in the array of their first type', async () => {
    const whole = tf.tensor1d([1, 0, 1], 'bool');
    const state = new StreamState({mask: whole.toFloat(), counts: whole.toInt()});
    const again = StreamState.fromBytes(await state.toBytes());
    const {mask, counts} = again.tree as {[name: string]: tf.Tensor};
    expect([mask.dtype, Array.from(mask.dataSync())]).toEqual(['float32', [1, 0, 1]]);
    expect([counts.dtype, Array.from(counts.dataSync())]).toEqual(['int32', [1, 0, 1]]);
    again.dispose();
    state.dispose();
    whole.dispose();
  });

  it('name tensors by their paths in an ordinary safetensors file', async () => {
    const state = new StreamState({block_0: {mixer: {keys: tf.ones([1, 2]), length: 2}}, list: [tf.scalar(1, 'bool')]});
    const {tensors} = readSafetensors(await state.toBytes());
    expect(Object.keys(tensors).sort()).toEqual(['block_0/mixer/keys', 'list/0']);
    expect(tensors['block_0/mixer/keys']).toMatchObject({dtype: 'F32', shape: [1, 2]});
    expect(tensors['list/0']).toMatchObject({dtype: 'I32', shape: []});
    state.dispose();
  });

  it('give the same bytes for the same state', async () => {
    const state = new StreamState({b: tf.scalar(1), a: [tf.scalar(2), 0.1]});
    const again = StreamState.fromBytes(await state.toBytes());
    expect(await again.toBytes()).toEqual(await state.toBytes());
    state.dispose();
    again.dispose();
  });

  it('refuse what would not come back: two tensors of one path, and types that no file holds', async () => {
    const twice = new StreamState({'a/b': tf.scalar(1), a: {b: tf.scalar(2)}});
    await expect(twice.toBytes()).rejects.toThrow(new CheckpointError('stream state: two tensors have the path "a/b"'));
    twice.dispose();
    const reserved = new StreamState({__metadata__: tf.scalar(1)});
    await expect(reserved.toBytes()).rejects.toThrow(CheckpointError);
    reserved.dispose();
    const text = new StreamState({a: tf.scalar('x')});
    await expect(text.toBytes()).rejects.toThrow(/tensor "a" is string, only float32, int32, bool can be saved/);
    text.dispose();
  });

  it('read a view into a larger buffer', async () => {
    const state = new StreamState({a: tf.tensor1d([1, 2])});
    const bytes = await state.toBytes();
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 3);
    const again = StreamState.fromBytes(larger.subarray(3, 3 + bytes.length));
    larger.fill(0);
    expect((again.tree as {a: tf.Tensor}).a.dataSync()).toEqual(Float32Array.of(1, 2));
    state.dispose();
    again.dispose();
  });
});

/** A file whose outline is `outline`, with a float32 tensor `a` of two values unless told otherwise. */
function file(
  outline: unknown,
  tensors: Record<string, WritableTensor> = {a: {shape: [2], data: Float32Array.of(1, 2)}},
) {
  return writeSafetensors(tensors, {stream_state: typeof outline === 'string' ? outline : JSON.stringify(outline)});
}

describe('fromBytes refuses', () => {
  const integers = {a: {shape: [1], data: Int32Array.of(1)}};
  const cases: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['no bytes', new Uint8Array(0), /stream state: has 0 bytes/],
    ['a file of weights', writeSafetensors(integers), /stream_state: is missing; this is no stream state/],
    ['an outline that is no JSON', file('{"a"'), /stream_state: is no JSON/],
    ['a name that stands there twice', file('{"a":"float32","a":"float32"}'), /"a" stands there twice/],
    ['a missing tensor', file({a: 'float32', b: 'float32'}), /tensor "b" is missing/],
    [
      'a missing tensor with the name of a method',
      file({a: 'float32', toString: 'float32'}),
      /tensor "toString" is missing/,
    ],
    ['a tensor without a place', file({b: 1}), /tensor "a" has no place/],
    ['a tensor in place of a number', file({a: 1}), /tensor "a" has no place/],
    ['an unknown type', file({a: 'float64'}), /"float64" at "a" is neither a number nor one of float32, int32, bool/],
    ['a boolean', file({a: [true]}), /true at "a\/0" is neither/],
    ['another type than was announced', file({a: 'int32'}), /tensor "a" is F32, but int32 is stored as I32/],
    ['integers where float32 was announced', file({a: 'float32'}, integers), /tensor "a" is I32, but float32/],
    ['an outline as deep as a stack', file(`${'['.repeat(50_000)}${']'.repeat(50_000)}`), /more than 64 deep/],
  ];

  it.each(cases)('%s', (_, bytes, message) => {
    expect(() => StreamState.fromBytes(bytes)).toThrow(CheckpointError);
    expect(() => StreamState.fromBytes(bytes)).toThrow(message);
    expect(() => StreamState.fromBytes(bytes, 'prompt.state')).toThrow(/^prompt\.state: /);
  });

  it('every truncation, and survives every changed byte with a state or a CheckpointError', async () => {
    const state = new StreamState({a: tf.tensor1d([1, 2]), b: [3, {c: tf.scalar(1, 'bool')}]});
    const bytes = await state.toBytes();
    state.dispose();
    for (let length = 0; length < bytes.length; length++)
      expect(() => StreamState.fromBytes(bytes.slice(0, length))).toThrow(CheckpointError);
    fc.assert(
      fc.property(fc.nat({max: bytes.length - 1}), fc.nat({max: 255}), (place, value) => {
        try {
          StreamState.fromBytes(bytes.with(place, value)).dispose();
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      {numRuns: 500},
    );
  });
});
