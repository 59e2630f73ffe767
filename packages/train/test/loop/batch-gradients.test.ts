import * as tf from '@tensorflow/tfjs';
import {DataError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {type BatchGradients, batchGradients} from '../../src/loop/batch-gradients';
import {resolveTrainOptions, type TrainOptions} from '../../src/loop/train-options';
import {rowsSource, training} from '../sources';
import {TinyBlock, type TinyModel, withTiny} from '../tiny-model';

type Numbers = {loss: number; tokens: number; gradients: Record<string, Float32Array>};

async function compute(
  model: TinyModel,
  source: Parameters<typeof batchGradients>[1],
  step: number,
  options: TrainOptions,
): Promise<Numbers> {
  const result: BatchGradients = await batchGradients(model, source, step, resolveTrainOptions(options));
  const gradients = Object.entries(result.gradients).map(([name, g]) => [name, g.dataSync().slice()]);
  const numbers = {...result, loss: result.loss.dataSync()[0], gradients: Object.fromEntries(gradients)};
  tf.dispose([result.loss, result.gradients]);
  return numbers;
}

function expectSame(actual: Numbers, wanted: Numbers): void {
  expect(actual.tokens).toBe(wanted.tokens);
  expect(actual.loss).toBeCloseTo(wanted.loss, 5);
  for (const [name, values] of Object.entries(wanted.gradients)) {
    const largest = Math.max(...values.map(Math.abs));
    values.forEach((value, i) => {
      expect(Math.abs(actual.gradients[name][i] - value)).toBeLessThanOrEqual(2e-6 * Math.max(largest, 0.1));
    });
  }
}

const target = fc.oneof(fc.integer({min: 0, max: 6}), fc.constant(-100));
const row = fc.record({
  inputs: fc.array(fc.nat(6), {minLength: 3, maxLength: 3}),
  targets: fc.array(target, {minLength: 3, maxLength: 3}),
});

describe('batchGradients', () => {
  it('is the same in how many pieces soever, though they have different numbers of targets', () =>
    withTiny({}, async (model) => {
      const someCount = (rows: {targets: number[]}[]) => rows.some(({targets}) => targets.some((t) => t >= 0));
      await fc.assert(
        fc.asyncProperty(fc.array(row, {minLength: 4, maxLength: 4}).filter(someCount), async (rows) => {
          const source = rowsSource(rows);
          const whole = await compute(model, source, 0, {batchSize: 4});
          expect(whole.tokens).toBe(12);
          for (const accumulate of [2, 4])
            expectSame(await compute(model, source, 0, {batchSize: 4, accumulate}), whole);
        }),
        {numRuns: 10},
      );
    }));

  it('is the loss and the gradient that tfjs has for the mean over the targets that count', () =>
    withTiny({}, async (model) => {
      const inputs = [
        [1, 2, 3],
        [4, 5, 6],
      ];
      const targets = [
        [2, -100, 1],
        [-100, 0, 0],
      ];
      const rows = inputs.map((row, i) => ({inputs: row, targets: targets[i]}));
      const {loss, gradients} = await compute(model, rowsSource(rows), 0, {batchSize: 2});
      tf.tidy(() => {
        const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const {value, grads} = tf.variableGrads(() => model.loss(inputs, targets), variables);
        expect(loss).toBe(value.dataSync()[0]);
        for (const [name, g] of Object.entries(grads)) expect(gradients[name]).toEqual(g.dataSync());
      });
    }));

  it('draws other dropout in each step and piece, the same again when repeated', () =>
    withTiny({dropout: 0.5}, async (model) => {
      const rows = Array.from({length: 4}, () => ({inputs: [1, 2, 3], targets: [2, 3, 4]}));
      const losses = async (options: TrainOptions) => [
        (await compute(model, rowsSource(rows), 0, options)).loss,
        (await compute(model, rowsSource(rows), 1, options)).loss,
      ];
      const first = await losses({batchSize: 2, seed: 1});
      expect(first[0]).not.toBe(first[1]);
      expect(await losses({batchSize: 2, seed: 1})).toEqual(first);
      expect(await losses({batchSize: 2, seed: 2})).not.toEqual(first);
    }));

  it('runs each block twice for less memory, without another result', () =>
    withTiny({dropout: 0.3, numLayers: 3}, async (model) => {
      const forward = vi.spyOn(TinyBlock.prototype, 'forward');
      const plain = await compute(model, training, 5, {batchSize: 4, accumulate: 2});
      expect(forward).toHaveBeenCalledTimes(2 * 3);
      expectSame(await compute(model, training, 5, {batchSize: 4, accumulate: 2, gradientCheckpointing: true}), plain);
      expect(forward).toHaveBeenCalledTimes(2 * 3 + 2 * 2 * 3);
      forward.mockRestore();
    }));

  it('begins a finite source anew, without its incomplete batch', () =>
    withTiny({}, async (model) => {
      const rows = [1, 2, 3, 4, 5].map((token) => ({inputs: [token, 0], targets: [0, token]}));
      const lossAt = async (step: number) => (await compute(model, rowsSource(rows), step, {batchSize: 2})).loss;
      expect(await lossAt(2)).toBe(await lossAt(0));
      expect(await lossAt(3)).toBe(await lossAt(1));
      expect(await lossAt(1)).not.toBe(await lossAt(0));
    }));

  it('says which step has nothing to learn from', () =>
    withTiny({}, async (model) => {
      const source = rowsSource([{inputs: [1, 2], targets: [-100, -100]}]);
      const attempt = compute(model, source, 6, {batchSize: 1});
      await expect(attempt).rejects.toThrow(DataError);
      await expect(attempt).rejects.toThrow('step 7 has no target that counts');
    }));
});
