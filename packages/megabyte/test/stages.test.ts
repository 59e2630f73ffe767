import * as tf from '@tensorflow/tfjs';
import type {CausalLayer, StreamState} from '@variants/core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {megabyte, megabytePaper} from '../src';
import {BlockStack} from '../src/block-stack';

const stages = {
  vocabSize: 9,
  stageLengths: [5, 2, 3],
  hiddenSizes: [8, 6, 4],
  numLayers: [1, 1, 1],
  numHeads: 1,
  headSize: 4,
};
const paper = {
  vocabSize: 9,
  patchSize: 4,
  maxSequenceLength: 16,
  globalSize: 3,
  numGlobalHeads: 1,
  localSize: 6,
  numLocalHeads: 1,
};
const tokens = (count: number) => Array.from({length: count}, (_, i) => (5 * i + 2) % 9);

afterEach(() => {
  vi.restoreAllMocks();
});

/** Positions that each stack of blocks is run on while a sequence is fed token by token, by its path. */
function positionsOf(model: ReturnType<typeof megabyte> | ReturnType<typeof megabytePaper>, count: number) {
  const positions: {[path: string]: number} = {};
  const {advance} = BlockStack.prototype;
  vi.spyOn(BlockStack.prototype, 'advance').mockImplementation(function (this: CausalLayer, x, ...rest) {
    positions[this.path] = (positions[this.path] ?? 0) + (x.shape[1] as number);
    return advance.call(this as never, x, ...rest);
  });
  let state: StreamState | null = null;
  for (const token of tokens(count)) {
    const step: {logits: tf.Tensor; state: StreamState} = model.stream([token], state);
    step.logits.dispose();
    state = step.state;
  }
  state?.dispose();
  return positions;
}

describe('a stream', () => {
  it('runs a stage once for each of its patches, and for its start in each patch of the coarser one', () => {
    const model = megabyte(stages);
    const positions = positionsOf(model, 20);
    // 20 tokens: 4 patches of 6, in 7 patches of 3.
    expect(positions).toEqual({
      'stage/transformer': 4,
      'stage/finer/transformer': 7,
      'stage/finer/finer/transformer': 20 + 7,
    });
    model.dispose();
  });

  it("of the paper's form runs the global model once for a patch and the local one once for a token", () => {
    const model = megabytePaper(paper);
    // 11 tokens: 2 patches are complete, a third is begun; the last token of a patch is read by the next one alone.
    expect(positionsOf(model, 11)).toEqual({'stages/global': 3, 'stages/local': 12});
    model.dispose();
  });

  it.each([
    ['stages', () => megabyte(stages), 6],
    ['the paper', () => megabytePaper(paper), 4],
  ])(
    'of %s is of as many bytes after one patch as after two: it keeps one patch alone of what is local',
    (_, create, patch) => {
      const model = create();
      const bytes = [1, 2, patch, patch + 1, 2 * patch].map((count) => {
        const {logits, state} = model.stream(tokens(count));
        logits.dispose();
        const size = state.bytes;
        state.dispose();
        return size;
      });
      expect(new Set(bytes).size).toBe(1);
      model.dispose();
    },
  );

  it('remembers the same however it was fed', async () => {
    for (const create of [() => megabyte(stages), () => megabytePaper(paper)]) {
      const model = create();
      const whole = model.stream(tokens(13));
      const begun = model.stream(tokens(13).slice(0, 2));
      const middle = model.stream(tokens(13).slice(2, 12), begun.state);
      const pieces = model.stream(tokens(13).slice(12), middle.state);
      tf.dispose([whole, begun, middle, pieces].map(({logits}) => logits));
      const next = [whole, pieces].map(({state}) => {
        const {logits, state: after} = model.stream([3, 1, 4], state);
        after.dispose();
        const values = logits.dataSync();
        logits.dispose();
        return values;
      });
      for (const [i, value] of next[1].entries()) expect(value).toBeCloseTo(next[0][i], 4);
      model.dispose();
    }
  });
});

describe('startLogits', () => {
  it.each([
    ['stages', () => megabyte(stages)],
    ['the paper', () => megabytePaper(paper)],
  ])('of %s are those of every row, and lossFromStart begins with them', (_, create) => {
    const model = create();
    tf.tidy(() => {
      const row = tokens(7);
      const start = model.startLogits(2);
      expect(start.shape).toEqual([2, 1, 9]);
      const all = tf.concat([start.slice([0, 0, 0], [1, 1, 9]), model.logits([row]).slice([0, 0, 0], [1, 6, 9])], 1);
      const wanted = model.criterion(all, tf.tensor2d([row], undefined, 'int32')).dataSync()[0];
      expect(model.lossFromStart([row]).dataSync()[0]).toBeCloseTo(wanted, 5);
      const alone = model.criterion(model.startLogits(), tf.tensor2d([[4]], undefined, 'int32')).dataSync()[0];
      expect(model.lossFromStart([[4]]).dataSync()[0]).toBeCloseTo(alone, 5);
    });
    model.dispose();
  });

  it('does not count a token of padding', () => {
    const model = megabyte({...stages, padToken: 3});
    tf.tidy(() => {
      const logits = model.logits([[1, 2, 3, 4]]);
      const loss = (targets: number[]) =>
        model.criterion(logits, tf.tensor2d([targets], undefined, 'int32')).dataSync()[0];
      expect(loss([2, 3, 4, 3])).toBeCloseTo(loss([2, -100, 4, -100]), 6);
      expect(model.countTargets(tf.tensor2d([[2, 3, 4, -100]], undefined, 'int32')).dataSync()[0]).toBe(2);
    });
    model.dispose();
  });
});

describe('the first weights', () => {
  it('are drawn as PyTorch draws them: a Linear and its bias within 1 / sqrt(in), tables and start tokens normal', () => {
    const model = megabyte({...stages, hiddenSizes: [64, 48, 32]});
    const values = (name: string) => {
      const weight = model.weights.find(({originalName}) => originalName === name) as tf.LayerVariable;
      return weight.read().dataSync<'float32'>();
    };
    const largest = (name: string) => values(name).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const name of ['kernel', 'bias']) {
      expect(largest(`stage/transformer/block_0/up/${name}`)).toBeLessThanOrEqual(64 ** -0.5);
      expect(largest(`stage/transformer/block_0/up/${name}`)).toBeGreaterThan(0.8 * 64 ** -0.5);
    }
    for (const name of ['stage/start', 'stage/finer/finer/embedding/table']) {
      const spread = Math.sqrt(values(name).reduce((sum, value) => sum + value * value, 0) / values(name).length);
      expect(spread).toBeGreaterThan(0.7);
      expect(spread).toBeLessThan(1.4);
    }
    model.dispose();
  });
});
