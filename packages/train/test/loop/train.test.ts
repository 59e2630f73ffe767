import * as tf from '@tensorflow/tfjs';
import {ConfigError, DataError} from '@variants/core';
import {describe, expect, it, vi} from 'vitest';
import {AdamW, type BatchSource, DivergenceError, schedules, type TrainingStep, train} from '../../src/index';
import {rowsSource, training, validation} from '../sources';
import {type TinyModel, valuesOf, withTiny} from '../tiny-model';

async function all(steps: AsyncIterable<TrainingStep>): Promise<TrainingStep[]> {
  const list: TrainingStep[] = [];
  for await (const step of steps) list.push(step);
  return list;
}

describe('train', () => {
  it('learns', () =>
    withTiny({hiddenSize: 8}, async (model) => {
      const steps = await all(train(model, training, {steps: 120, batchSize: 8, learningRate: 0.03}));
      expect(steps[0].loss).toBeGreaterThan(1.9);
      expect(steps[119].loss).toBeLessThan(0.8);
    }));

  it('tells of each step', () =>
    withTiny({}, async (model) => {
      const steps = await all(train(model, training, {steps: 3, batchSize: 2, learningRate: 0.5, warmupSteps: 1}));
      expect(steps.map(({number}) => number)).toEqual([1, 2, 3]);
      for (const {tokens, loss, gradientNorm, tokensPerSecond} of steps) {
        expect(tokens).toBe(8);
        for (const value of [loss, gradientNorm, tokensPerSecond]) expect(value).toBeGreaterThan(0);
      }
      const settings = {learningRate: 0.5, warmupSteps: 1, minLearningRate: 0.05, decaySteps: 3};
      expect(steps.map(({learningRate}) => learningRate)).toEqual([0, 1, 2].map((i) => schedules.cosine(i, settings)));
      expect(steps[2].seconds).toBeGreaterThan(steps[1].seconds);
    }));

  it('takes the steps that gradients, clipping and AdamW taken one by one give', () =>
    withTiny({}, async (model) =>
      withTiny({}, async (twin) => {
        const settings = {weightDecay: 0.3, betas: [0.8, 0.9] as const};
        const options = {...settings, learningRate: 0.1, schedule: 'constant' as const, warmupSteps: 0, clipNorm: 0.2};
        const steps = await all(train(model, training, {...options, steps: 4, batchSize: 3, seed: 5}));

        const optimizer = new AdamW({learningRate: 0.1, ...settings});
        const variables = twin.trainableWeights.map((weight) => weight.read() as tf.Variable);
        for (let i = 0; i < 4; i++)
          tf.tidy(() => {
            const {inputs, targets} = training.batch(i, 3, 5);
            const {value, grads} = tf.variableGrads(() => twin.loss(inputs, targets), variables);
            const norm = Math.sqrt(Object.values(grads).reduce((sum, g) => sum + g.square().sum().dataSync()[0], 0));
            expect(steps[i].gradientNorm).toBeCloseTo(norm, 4);
            expect(steps[i].loss).toBeCloseTo(value.dataSync()[0], 5);
            const clipped = Object.entries(grads).map(([name, g]) => [name, g.mul(Math.min(1, 0.2 / (norm + 1e-6)))]);
            optimizer.applyGradients(Object.fromEntries(clipped));
          });
        optimizer.dispose();
        expect(valuesOf(model)).toEqual(valuesOf(twin).map((value) => expect.closeTo(value, 4)));
      }),
    ));

  it('gives the same weights for the same seed, others for another', async () => {
    const weightsAfter = async (seed: number) => {
      let values: number[] = [];
      await withTiny({dropout: 0.2}, async (model) => {
        await all(train(model, training, {steps: 5, batchSize: 2, seed}));
        values = valuesOf(model);
      });
      return values;
    };
    const first = await weightsAfter(1);
    expect(await weightsAfter(1)).toEqual(first);
    expect(await weightsAfter(2)).not.toEqual(first);
  });

  it('leaves the model usable when the loop is left, and holds no tensors then', () =>
    withTiny({}, async (model) => {
      const before = tf.memory().numTensors;
      for await (const {number} of train(model, training, {batchSize: 2})) if (number === 3) break;
      expect(tf.memory().numTensors).toBe(before);
      const tokens: number[] = [];
      for await (const token of model.generate([1, 2], {maxTokens: 4, seed: 1})) tokens.push(token);
      expect(tokens).toHaveLength(4);
    }));

  it('holds no more tensors after 200 steps than after the first, and none at the end', () =>
    withTiny({hiddenSize: 2, numLayers: 1, dropout: 0.1}, async (model) => {
      const before = tf.memory().numTensors;
      const counts: number[] = [];
      const options = {steps: 200, batchSize: 2, accumulate: 2, validation, validateEvery: 50, validationTokens: 8};
      for await (const step of train(model, training, {...options, gradientCheckpointing: true})) {
        expect(step.validation !== undefined).toBe(step.number % 50 === 0);
        counts.push(tf.memory().numTensors);
      }
      expect(counts).toHaveLength(200);
      expect(new Set(counts).size).toBe(1);
      expect(tf.memory().numTensors).toBe(before);
    }));

  it('validates now and then, and after the last step', () =>
    withTiny({}, async (model) => {
      const options = {steps: 5, batchSize: 2, validation, validateEvery: 2};
      const steps = await all(train(model, training, options));
      expect(steps.map((step) => 'validation' in step)).toEqual([false, true, false, true, true]);
      const last = steps[4].validation;
      expect(last).toMatchObject({convention: 'window', tokens: 56, bytes: 112});
      expect(last?.bitsPerByte).toBeCloseTo((last?.loss ?? 0) / Math.LN2 / 2, 10);
    }));

  it('stops when its seconds are over, with the learning rate that this share of them has', () =>
    withTiny({}, async (model) => {
      vi.useFakeTimers({toFake: ['performance']});
      const source: BatchSource = {
        ...training,
        batch(...given) {
          vi.advanceTimersByTime(125);
          return training.batch(...given);
        },
      };
      const options = {seconds: 0.5, batchSize: 2, learningRate: 1, warmupSteps: 1};
      const steps = await all(train(model, source, options)).finally(() => vi.useRealTimers());
      expect(steps.map(({seconds}) => seconds)).toEqual([0.125, 0.25, 0.375, 0.5]);
      expect(steps.map(({tokensPerSecond}) => tokensPerSecond)).toEqual([64, 64, 64, 64]);
      const settings = {learningRate: 1, warmupSteps: 1, minLearningRate: 0.1, decaySteps: 4};
      expect(steps.map(({learningRate}) => learningRate)).toEqual(
        [0, 1, 2, 3].map((i) => schedules.cosine(i, settings)),
      );
    }));

  it('takes a schedule that is a function', () =>
    withTiny({}, async (model) => {
      const schedule = (step: number) => step / 100;
      const steps = await all(train(model, training, {steps: 3, batchSize: 1, schedule}));
      expect(steps.map(({learningRate}) => learningRate)).toEqual([0, 0.01, 0.02]);
    }));

  it('leaves frozen weights alone', () =>
    withTiny({tied: false}, async (model) => {
      const [, embedding] = model.layers;
      embedding.trainable = false;
      const [before] = embedding.getWeights().map((weight) => weight.arraySync());
      await all(train(model, training, {steps: 2, batchSize: 2}));
      expect(embedding.getWeights()[0].arraySync()).toEqual(before);
      for (const layer of model.layers) layer.trainable = false;
      expect(() => train(model, training)).toThrow('tiny has no trainable weights');
    }));
});

describe('a signal', () => {
  it('ends the run between two steps and throws its reason', () =>
    withTiny({}, async (model) => {
      const controller = new AbortController();
      const numbers: number[] = [];
      const run = async () => {
        for await (const step of train(model, training, {batchSize: 2, signal: controller.signal})) {
          numbers.push(step.number);
          if (step.number === 2) controller.abort(new Error('enough'));
        }
      };
      await expect(run()).rejects.toThrow('enough');
      expect(numbers).toEqual([1, 2]);
    }));

  it('ends it within a step, whose work is lost', () =>
    withTiny({}, async (model) => {
      const controller = new AbortController();
      const before = valuesOf(model);
      const {numTensors} = tf.memory();
      const source: BatchSource = {
        ...training,
        batch(step, ...rest) {
          if (step === 1) setTimeout(() => controller.abort());
          return training.batch(step, ...rest);
        },
      };
      const options = {batchSize: 64, accumulate: 64, signal: controller.signal};
      await expect(all(train(model, source, options))).rejects.toThrow(/abort/i);
      expect(valuesOf(model)).toEqual(before);
      expect(tf.memory().numTensors).toBe(numTensors);
    }));
});

describe('what goes wrong', () => {
  it('divergence names the step and what to try, and leaves the weights of the step before', () =>
    withTiny({}, async (model) => {
      let before: number[] = [];
      const {numTensors} = tf.memory();
      const run = async () => {
        const schedule = (step: number) => (step < 2 ? 0.01 : 1e30);
        for await (const _ of train(model, training, {steps: 9, batchSize: 2, schedule})) before = valuesOf(model);
      };
      const error = await run().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(DivergenceError);
      expect(error.message).toMatch(
        /^train: diverged at step \d, where the (loss|gradients' norm) is .*lower learningRate/,
      );
      expect(error.step).toBe(4);
      expect(valuesOf(model)).toEqual(before);
      expect(tf.memory().numTensors).toBe(numTensors);
    }));

  it('errors of the data pass through and nothing is left behind', () =>
    withTiny({}, async (model) => {
      const {numTensors} = tf.memory();
      const source: BatchSource = {
        ...training,
        batch(step, ...rest) {
          if (step === 3) throw new DataError('the disk is gone');
          return training.batch(step, ...rest);
        },
      };
      await expect(all(train(model, source, {batchSize: 4, accumulate: 2}))).rejects.toThrow('the disk is gone');
      expect(tf.memory().numTensors).toBe(numTensors);
    }));

  it.each([
    [{steps: 0}, 'steps is 0, but must be a whole number of at least 1, or Infinity'],
    [{step: 5}, 'unknown field step'],
    [{seconds: -1}, 'seconds is -1'],
    [{batchSize: 1.5}, 'batchSize is 1.5'],
    [{batchSize: 6, accumulate: 4}, 'accumulate is 4, but must divide batchSize 6'],
    [{learningRate: Number.NaN}, 'learningRate is NaN'],
    [{schedule: 'exponential'}, 'schedule is "exponential", but must be one of constant, linear, cosine'],
    [{schedule: 'cosine', steps: Infinity}, 'the schedule cosine needs an end; give steps, seconds or decaySteps'],
    [{clipNorm: 0}, 'clipNorm is 0'],
    [{seed: -1}, 'seed is -1'],
    [{seed: 2 ** 53}, 'seed is 9007199254740992'],
    [{betas: [0.9]}, 'betas is [0.9]'],
    [{saveTo: ''}, 'saveTo is ""'],
    [{resume: true}, 'resume needs saveTo, the path of a directory'],
    [{resume: true, saveTo: 'run', resumeFrom: 'run0'}, 'give one of them'],
    [{resumeFrom: 3}, 'resumeFrom is 3, but must be the path of a directory, a Blob or the bytes'],
    [{validation: []}, 'validation is [], but must be a source of batches'],
    [{signal: 'stop'}, 'signal is "stop"'],
    [{warmupSteps: -1}, 'warmupSteps is -1, but must be a whole number of at least 0, or nothing'],
    [{schedule: 'co\nsine'}, 'schedule is "co\\nsine"'],
    [{batchSize: () => 'two\nlines'}, 'batchSize is a function'],
    [{validation: {training, validation}}, 'validation is {"training":{"vocabSize":7'],
  ])('%o is refused at the call', (options, message) =>
    withTiny({}, (model) => {
      expect(() => train(model, training, options as object)).toThrow(ConfigError);
      expect(() => train(model, training, options as object)).toThrow(message);
      expect(() => train(model, training, options as object)).not.toThrow(/[\n\r]/);
    }),
  );

  it('a directory is refused where there are none, before the training', () =>
    withTiny({}, (model) => {
      vi.stubGlobal('process', undefined);
      try {
        expect(() => train(model, training, {saveTo: 'run'})).toThrow('saveTo is "run", but must be a function');
      } finally {
        vi.unstubAllGlobals();
      }
    }));

  const ones = (time: number) => rowsSource([{inputs: Array(time).fill(1), targets: Array(time).fill(1)}]);
  it.each<[string, Partial<TinyModel['config']>, BatchSource, object, string]>([
    ['tokens', {vocabSize: 5}, training, {}, "7 different tokens, but the model's vocabSize is 5; make it at least 7"],
    ['length', {contextLength: 3}, training, {}, 'examples of 4 tokens, but the model sees at most 3'],
    ['validation', {contextLength: 4}, training, {validation: ones(5)}, 'the validation data has examples of 5 tokens'],
    ['too little', {}, ones(2), {batchSize: 2}, 'batchSize is 2, but the data has only 1 examples'],
  ])('data that the model cannot take is refused at the call: %s', (_, config, source, options, message) =>
    withTiny(config, (model) => {
      expect(() => train(model, source, options)).toThrow(ConfigError);
      expect(() => train(model, source, options)).toThrow(message);
    }),
  );
});
