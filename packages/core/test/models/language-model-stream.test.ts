import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {DataError, ShapeError} from '../../src/errors';
import type {LanguageModel} from '../../src/models/language-model';
import {type StateTree, walkState} from '../../src/streams/state-tree';
import type {StreamState} from '../../src/streams/stream-state';
import {expectClose} from '../kernels/gradient-check';
import {withTiny} from '../tiny-model';
import {rows} from './language-model-data';

/** The logits of a sequence that is fed in pieces of these lengths, as one list of values per piece. */
function streamed(model: LanguageModel, tokens: number[][], lengths: number[]): number[][][] {
  let state: StreamState | null = null;
  let start = 0;
  const logits: number[][][] = tokens.map(() => []);
  for (const length of lengths) {
    const piece = tokens.map((row) => row.slice(start, start + length));
    const step: {logits: tf.Tensor3D; state: StreamState} = model.stream(piece, state);
    step.logits.arraySync().forEach((row, b) => {
      logits[b].push(...row);
    });
    step.logits.dispose();
    state = step.state;
    start += length;
  }
  state?.dispose();
  return logits;
}

/** Every leaf of a tree of states with its path and values. */
function leaves(tree: StateTree): unknown[] {
  const list: unknown[] = [];
  walkState(tree, (leaf, path) => list.push([path, typeof leaf === 'number' ? leaf : [...leaf.dataSync()]]));
  return list;
}

describe('stream', () => {
  it('gives in pieces what it gives whole, and what training sees', () =>
    withTiny({}, (model) => {
      const whole = tf.tidy(() => model.logits(rows).dataSync());
      const cuts = fc.subarray([1, 2, 3, 4, 5]);
      fc.assert(
        fc.property(cuts, (at) => {
          const lengths = [...at, 6].map((end, i) => end - (at[i - 1] ?? 0));
          expectClose(streamed(model, rows, lengths).flat(2), whole, 1e-5, `pieces of ${lengths}`);
        }),
        {numRuns: 15},
      );
    }));

  it('with lastOnly gives the last position alone, and the same state', () =>
    withTiny({}, (model) => {
      const full = model.stream(rows);
      const last = model.stream(rows, null, {lastOnly: true});
      expect(last.logits.shape).toEqual([2, 1, 11]);
      tf.tidy(() => {
        expectClose(last.logits.dataSync(), full.logits.slice([0, 5], [-1, 1]).dataSync(), 1e-6, 'logits');
      });
      expect(leaves(last.state.tree)).toEqual(leaves(full.state.tree));
      for (const {logits, state} of [full, last]) {
        logits.dispose();
        state.dispose();
      }
    }));

  it('uses its state up, leaves clones and no other tensor', () =>
    withTiny({}, (model) => {
      const before = tf.memory().numTensors;
      const first = model.stream([1, 7]);
      const branch = first.state.clone();
      const a = model.stream([3], first.state);
      const b = model.stream([3], branch);
      expect(b.logits.dataSync()).toEqual(a.logits.dataSync());
      expect(() => model.stream([3], first.state)).toThrow(/already fed to stream/);
      for (const {logits} of [first, a, b]) logits.dispose();
      for (const {state} of [a, b]) state.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }));

  it('keeps its state when the tokens are refused, and stays of one size', () =>
    withTiny({}, (model) => {
      let {logits, state} = model.stream([1, 7]);
      logits.dispose();
      const {bytes} = state;
      expect(() => model.stream([99], state)).toThrow(DataError);
      const tensors = tf.memory().numTensors;
      for (let n = 0; n < 200; n++) {
        ({logits, state} = model.stream([n % 11], state));
        logits.dispose();
      }
      expect(state.bytes).toBe(bytes);
      expect(tf.memory().numTensors).toBe(tensors);
      state.dispose();
    }));

  it('lets the tokens of the caller be', () =>
    withTiny({}, (model) => {
      const tokens = tf.tensor2d([[1, 2]], undefined, 'int32');
      const {logits, state} = model.stream(tokens);
      logits.dispose();
      state.dispose();
      expect([...tokens.dataSync()]).toEqual([1, 2]);
      tokens.dispose();
    }));

  it('ends with a ShapeError at the limit of learned positions, where the state stays usable', () =>
    withTiny({maxSequenceLength: 4}, (model) => {
      expect(model.contextLength).toBe(4);
      let {logits, state} = model.stream([1, 2, 3]);
      logits.dispose();
      expect(() => model.stream([4, 5], state)).toThrow(ShapeError);
      ({logits, state} = model.stream([4], state));
      logits.dispose();
      expect(() => model.stream([5], state)).toThrow(/5 tokens is longer than maxSequenceLength 4/);
      state.dispose();
    }));
});

describe('nextLogits', () => {
  it('are the logits of the last position, as often as one asks', () =>
    withTiny({}, (model) => {
      const {logits, state} = model.stream(rows);
      tf.tidy(() => {
        const last = logits.slice([0, 5], [-1, 1]).dataSync();
        for (let times = 0; times < 2; times++) {
          const next = model.nextLogits(state);
          expect(next.shape).toEqual([2, 1, 11]);
          expectClose(next.dataSync(), last, 1e-6, 'logits');
        }
      });
      logits.dispose();
      state.dispose();
    }));
});
