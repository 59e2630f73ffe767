import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {VariantsError} from '../../src/errors';
import {mapState, type StateTree, walkState} from '../../src/streams/state-tree';
import {StreamState} from '../../src/streams/stream-state';

/** A step of one position. */
const one = {name: 'test', time: 1};

const tensors = () => tf.memory().numTensors;

function sampleTree() {
  return {
    a: tf.tensor1d([1, 2]),
    list: [tf.scalar(3, 'int32'), 4, null],
    inner: {flag: tf.tensor1d([1, 0, 1], 'bool'), empty: {}},
  };
}

describe('walkState and mapState', () => {
  it('visit every tensor and number under its path, in order', () => {
    const state = new StreamState(sampleTree());
    const seen: string[] = [];
    walkState(state.tree, (leaf, path) => seen.push(`${path}=${typeof leaf === 'number' ? leaf : leaf.dtype}`));
    expect(seen).toEqual(['a=float32', 'list/0=int32', 'list/1=4', 'inner/flag=bool']);
    state.dispose();
  });

  it('keep the shape of the tree', () => {
    const tree: StateTree = {a: 1, list: [2, null, {b: 3}], none: null, empty: {}};
    expect(mapState(tree, (leaf) => (leaf as number) * 10)).toEqual({
      a: 10,
      list: [20, null, {b: 30}],
      none: null,
      empty: {},
    });
    expect(mapState(null, () => 1)).toBe(null);
  });
});

describe('StreamState', () => {
  it('counts the bytes of its tensors, a shared one once', () => {
    const shared = tf.zeros([2, 3]);
    const state = new StreamState({first: shared, again: [shared], flags: tf.tensor1d([1, 0], 'bool'), n: 5});
    expect(state.bytes).toBe(2 * 3 * 4 + 2);
    state.dispose();
    const empty = new StreamState(null);
    expect(empty.bytes).toBe(0);
  });

  it('says what is wrong when it is used after it was used up or disposed', () => {
    const state = new StreamState({a: tf.scalar(1)});
    const {output, state: next} = StreamState.advance(state, one, () => ({
      output: tf.scalar(1),
      state: {a: tf.scalar(2)},
    }));
    output.dispose();
    for (const use of [
      () => state.tree,
      () => state.bytes,
      () => state.clone(),
      () => StreamState.advance(state, one, fail),
    ])
      expect(use).toThrow(VariantsError);
    expect(() => state.tree).toThrow(/already fed to stream\(\) or disposed; clone\(\) it before/);
    state.dispose();
    expect((next.tree as {a: tf.Tensor}).a.dataSync()[0]).toBe(2);
    next.dispose();
    next.dispose();
    expect(() => next.tree).toThrow(VariantsError);
  });

  it('lives on as a clone when the original goes on, and survives a tidy', () => {
    const state = new StreamState({a: tf.tensor1d([1, 2]), n: 3});
    let copy = state;
    tf.tidy(() => {
      copy = state.clone();
    });
    state.dispose();
    expect((copy.tree as {a: tf.Tensor}).a.dataSync()).toEqual(Float32Array.of(1, 2));
    expect((copy.tree as {n: number}).n).toBe(3);
    copy.dispose();
  });

  it('counts the positions that were fed, says how much room to make, and refuses more than the context', async () => {
    const rooms: number[] = [];
    let state: StreamState | null = null;
    const feed = (time: number) => {
      const options = {name: 'test', time, contextLength: 200};
      state = StreamState.advance(state, options, (_, capacity) => {
        rooms.push(capacity);
        return {output: null, state: tf.scalar(1)};
      }).state;
      return state;
    };
    expect([1, 127, 1, 36].map((time) => feed(time).length)).toEqual([1, 128, 129, 165]);
    expect(rooms).toEqual([128, 128, 200, 200]);
    expect(() => feed(36)).toThrow('test: a sequence of 201 tokens is longer than maxSequenceLength 200');
    const last = feed(35);
    const again = StreamState.fromBytes(await last.toBytes());
    const copy = last.clone();
    expect([again.length, copy.length]).toEqual([200, 200]);
    for (const each of [last, again, copy]) each.dispose();
  });
});

function fail(): never {
  throw new Error('must not be called');
}

describe('StreamState.advance', () => {
  it('frees intermediate tensors and what the new state does not hold', () => {
    const start = new StreamState({keep: tf.scalar(1), drop: tf.scalar(2)});
    const before = tensors();
    const {output, state} = StreamState.advance(start, one, (tree) => {
      const {keep, drop} = tree as {keep: tf.Tensor; drop: tf.Tensor};
      return {output: keep.add(drop).mul(10), state: {keep, fresh: drop.add(1).add(1)}};
    });
    expect(output.dataSync()[0]).toBe(30);
    const {keep, fresh} = state.tree as {keep: tf.Tensor; fresh: tf.Tensor};
    expect([keep.dataSync()[0], fresh.dataSync()[0]]).toEqual([1, 4]);
    // `drop` is gone; `fresh` and the output are new.
    expect(tensors()).toBe(before - 1 + 2);
    output.dispose();
    state.dispose();
  });

  it('starts from nothing', () => {
    for (const nothing of [null, undefined]) {
      const {output, state} = StreamState.advance(nothing, one, (tree) => ({
        output: tf.scalar(tree === null ? 1 : 0),
        state: null,
      }));
      expect(output.dataSync()[0]).toBe(1);
      output.dispose();
      state.dispose();
    }
  });

  it('leaves the old state usable when the step throws', () => {
    const state = new StreamState({a: tf.scalar(5)});
    const before = tensors();
    const step = (tree: StateTree): never => {
      (tree as {a: tf.Tensor}).a.add(1);
      throw new Error('no');
    };
    expect(() => StreamState.advance(state, one, step as never)).toThrow('no');
    expect(tensors()).toBe(before);
    expect((state.tree as {a: tf.Tensor}).a.dataSync()[0]).toBe(5);
    state.dispose();
  });

  it('never gives out a tensor that a state owns', () => {
    const start = new StreamState({last: tf.scalar(1)});
    // A delay gives what it remembers, and remembers what it gives next.
    const first = StreamState.advance(start, one, (tree) => ({
      output: (tree as {last: tf.Tensor}).last,
      state: {last: tf.scalar(2)},
    }));
    const second = StreamState.advance(first.state, one, () => {
      const sum = tf.scalar(3);
      return {output: {sum, list: [sum]}, state: {last: sum}};
    });
    expect(first.output.dataSync()[0]).toBe(1);
    second.state.dispose();
    expect(second.output.sum.dataSync()[0]).toBe(3);
    tf.dispose([first.output, second.output.sum, second.output.list[0]]);
  });

  it('gives a state that survives the tidy around it', () => {
    let state = new StreamState(null);
    tf.tidy(() => {
      state = StreamState.advance(null, one, () => ({output: tf.scalar(0), state: {a: tf.scalar(7)}})).state;
    });
    expect((state.tree as {a: tf.Tensor}).a.dataSync()[0]).toBe(7);
    state.dispose();
  });
});
