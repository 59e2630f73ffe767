import {describe, expect, it} from 'vitest';
import {countWeights, modelWeights} from '../../src/engine/tasks/model';
import type {ModelSize} from '../../src/engine/tasks/task';
import {probe, tokens, values} from '../../src/engine/tasks/values';
import {workOf} from '../../src/engine/tasks/work';

const model: ModelSize = {vocabSize: 10, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12};

describe('workOf', () => {
  it('counts a multiplication and an addition for each of the inner products, stored as they may be', () => {
    const product = {operation: 'matMul', transposeA: false, transposeB: false} as const;
    // [2, 3, 4] · [2, 4, 5]
    const plain = workOf({...product, a: [2, 3, 4], b: [2, 4, 5]});
    expect(plain).toEqual({operations: 2 * 2 * 3 * 4 * 5, bytes: 4 * (24 + 40 + 30)});
    expect(workOf({...product, a: [2, 4, 3], b: [2, 5, 4], transposeA: true, transposeB: true})).toEqual(plain);
  });

  it('counts what is read and written once', () => {
    expect(workOf({operation: 'transpose', shape: [3, 5], axes: [1, 0]})).toEqual({operations: 0, bytes: 120});
    expect(workOf({operation: 'sum', shape: [3, 5], axis: 1}).bytes).toBe(4 * (15 + 3));
    expect(workOf({operation: 'sum', shape: [3, 5], axis: null}).bytes).toBe(4 * (15 + 1));
  });

  it('counts the positions that see each other', () => {
    const {operations} = workOf({operation: 'attention', shape: [1, 2, 3, 4]});
    expect(operations).toBe(2 * 6 * (2 * 2 * 4 + 20));
  });

  it('transforms twice as many numbers, the filter and its gradient once for all rows', () => {
    const {operations, bytes} = workOf({operation: 'longConvolution', shape: [3, 8, 5]});
    expect(operations).toBe((4 * 3 + 2) * 5 * 2.5 * 16 * 4);
    expect(bytes).toBe(4 * (4 * 3 + 2) * 5 * 8);
  });

  it('reads every weight for every token', () => {
    const {bytes, operations} = workOf({operation: 'decode', model, tokens: 5});
    expect(bytes).toBe(4 * 5 * countWeights(model));
    expect(operations).toBeGreaterThan(2 * 5 * countWeights(model));
  });
});

it('countWeights counts the weights', () => {
  const sizes = modelWeights(model).map((weight) => weight.values.length);
  expect(sizes.reduce((a, b) => a + b)).toBe(countWeights(model));
});

describe('values', () => {
  it('follow their formula beyond their period', () => {
    const list = values(2500, 3, 2);
    for (const i of [0, 1, 1008, 1009, 2499]) {
      const number = (7919 * i + 104729 * 3) % 1009;
      expect(list[i]).toBeCloseTo((number / 1009 - 0.5) * 2, 6);
    }
  });

  it('make tokens of the vocabulary, and more than a few', () => {
    const list = tokens(1000, 16);
    expect(Math.max(...list)).toBeLessThan(16);
    expect(new Set(list).size).toBe(16);
  });

  it('are probed from the first to the last', () => {
    expect(probe([...Array(15).keys()])).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(probe([5])).toEqual(Array(8).fill(5));
  });
});
