import * as tf from '@tensorflow/tfjs';
import {ConfigError, DataError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {
  type BatchSource,
  evaluate,
  evaluateTask,
  orderedWindows,
  scoreTask,
  taskBatches,
  tasks,
  train,
} from '../../src/index';
import {rowsSource, tokens, training, validation} from '../sources';
import {type TinyModel, withTiny} from '../tiny-model';

/** Sum of -ln p of each token given those before it, from `from` on; one position after the other. */
function natsOf(model: TinyModel, text: ArrayLike<number>): number {
  return tf.tidy(() => {
    const list = Array.from(text);
    const logits = model.logits(list).logSoftmax().arraySync() as number[][][];
    return list.slice(1).reduce((sum, token, t) => sum - logits[0][t][token], 0);
  });
}

describe('evaluate', () => {
  it("'window' predicts each window by itself, every token once", () =>
    withTiny({}, async (model) => {
      let nats = 0;
      for (let start = 0; start + 5 <= tokens.length; start += 4)
        nats += natsOf(model, tokens.subarray(start, start + 5));
      for (const batchSize of [1, 4, 100]) {
        const result = await evaluate(model, validation, {batchSize});
        expect(result).toMatchObject({convention: 'window', tokens: 56, bytes: 112});
        expect(result.loss).toBeCloseTo(nats / 56, 5);
        expect(result.bitsPerByte).toBeCloseTo(nats / Math.LN2 / 112, 5);
      }
    }));

  it.each([1, 4, 7, 58])("'stream' predicts all tokens in one pass, in pieces of %i", (sequenceLength) =>
    withTiny({}, async (model) => {
      const source = orderedWindows(tokens, {sequenceLength, vocabSize: 7, bytesPerToken: 1});
      const result = await evaluate(model, source, {convention: 'stream'});
      expect(result).toMatchObject({convention: 'stream', tokens: 59, bytes: 59});
      expect(result.loss).toBeCloseTo(natsOf(model, tokens) / 59, 5);
    }),
  );

  it("'stream' stops at its limit, also where the model ends", () =>
    withTiny({contextLength: 20}, async (model) => {
      const result = await evaluate(model, validation, {convention: 'stream', maxTokens: 20});
      expect(result.tokens).toBe(20);
      expect(result.loss).toBeCloseTo(natsOf(model, tokens.subarray(0, 21)) / 20, 5);
      await expect(evaluate(model, validation, {convention: 'stream'})).rejects.toThrow(
        'tiny sees at most 20 tokens and cannot stream 59',
      );
    }));

  it('leaves -100 out, even whole batches of it', () =>
    withTiny({}, async (model) => {
      const rows = [
        [-100, -100],
        [2, -100],
        [3, 4],
      ].map((targets) => ({inputs: [1, 2], targets}));
      const result = await evaluate(model, rowsSource(rows), {batchSize: 1});
      const [one] = natsAt(model, [1, 2], [2, 0]);
      const both = natsAt(model, [1, 2], [3, 4]);
      expect(result.loss).toBeCloseTo((one + both[0] + both[1]) / 3, 5);
      expect(result.tokens).toBe(3);
      expect(result.bitsPerByte).toBeNaN();
      await expect(evaluate(model, rowsSource(rows.slice(0, 1)))).rejects.toThrow(DataError);
    }));

  function natsAt(model: TinyModel, inputs: number[], targets: number[]): number[] {
    const logits = tf.tidy(() => model.logits(inputs).logSoftmax().arraySync() as number[][][]);
    return targets.map((target, t) => -logits[0][t][target]);
  }

  it('spreads a limit over the source', () =>
    withTiny({}, async (model) => {
      const asked: number[] = [];
      const source: BatchSource = {
        ...validation,
        batch(step, ...rest) {
          asked.push(step);
          return validation.batch(step, ...rest);
        },
      };
      expect(await evaluate(model, source, {batchSize: 2, maxTokens: 17})).toMatchObject({tokens: 24});
      expect(asked).toEqual([0, 2, 4]);
    }));

  it('needs a limit for data without end, and seeds it', () =>
    withTiny({}, async (model) => {
      await expect(evaluate(model, training)).rejects.toThrow('the data has no end; give maxTokens');
      const losses = await Promise.all(
        [1, 1, 2].map((seed) => evaluate(model, training, {maxTokens: 8, batchSize: 1, seed})),
      );
      expect(losses[0]).toEqual(losses[1]);
      expect(losses[0].loss).not.toBe(losses[2].loss);
    }));

  it('draws no dropout', () =>
    withTiny({dropout: 0.5}, async (model) => {
      expect(await evaluate(model, validation)).toEqual(await evaluate(model, validation));
    }));

  it.each(['window', 'stream'] as const)("ends with a signal and holds no tensors then, '%s'", (convention) =>
    withTiny({}, async (model) => {
      const {numTensors} = tf.memory();
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 1);
      const {signal} = controller;
      await expect(evaluate(model, validation, {convention, batchSize: 1, signal})).rejects.toThrow(/abort/i);
      expect(tf.memory().numTensors).toBe(numTensors);
    }),
  );

  it.each([
    [{convention: 'sliding'}, 'convention is "sliding", but must be one of window, stream'],
    [{maxTokens: 0}, 'maxTokens is 0'],
    [{batch: 3}, 'unknown field batch'],
  ])('refuses %o', (options, message) =>
    withTiny({}, async (model) => {
      const attempt = evaluate(model, validation, options as object);
      await expect(attempt).rejects.toThrow(ConfigError);
      await expect(attempt).rejects.toThrow(message);
    }),
  );

  it('refuses what the model cannot take', () =>
    withTiny({vocabSize: 3}, async (model) => {
      await expect(evaluate(model, validation)).rejects.toThrow(
        "the data has 7 different tokens, but the model's vocabSize",
      );
      const {tokens: _, ...batchesOnly} = validation;
      await withTiny({}, (other) =>
        expect(evaluate(other, batchesOnly, {convention: 'stream'})).rejects.toThrow('needs a source with tokens'),
      );
    }));
});

describe('evaluateTask', () => {
  const task = tasks.memorization;
  const config = {vocabSize: 9, sequenceLength: 8};
  const test = taskBatches(task, {config, split: 'test', seed: 1, numExamples: 20});

  it('scores the likeliest token at every position', () =>
    withTiny({vocabSize: 9}, async (model) => {
      const {inputs, targets} = test.batch(0, 20, 0);
      const likeliest = tf.tidy(() => model.logits(inputs).argMax(-1).arraySync() as number[][]);
      const wanted = scoreTask(likeliest, targets.arraySync());
      tf.dispose([inputs, targets]);
      for (const batchSize of [1, 7, 64]) expect(await evaluateTask(model, test, {batchSize})).toEqual(wanted);
      expect(wanted.numExamples).toBe(20);
    }));

  it('sees what training on the task brought', () =>
    withTiny({vocabSize: 9, hiddenSize: 8, tied: false}, async (model) => {
      const before = await evaluateTask(model, test);
      const source = taskBatches(task, {config, seed: 1});
      for await (const _ of train(model, source, {steps: 60, batchSize: 8, learningRate: 0.1}));
      expect(before.accuracy).toBeLessThan(0.6);
      expect((await evaluateTask(model, test)).accuracy).toBeGreaterThan(0.9);
    }));

  it('takes a limit, and 1024 examples of a source without end', () =>
    withTiny({vocabSize: 9}, async (model) => {
      const endless = taskBatches(task, {config, split: 'test', seed: 1});
      expect((await evaluateTask(model, endless, {numExamples: 5, batchSize: 4})).numExamples).toBe(8);
      expect((await evaluateTask(model, endless)).numExamples).toBe(1024);
      await expect(evaluateTask(model, endless, {numExamples: 0})).rejects.toThrow('evaluateTask: numExamples is 0');
    }));
});
