import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import {type BatchSource, checkpointed, train} from '@variants/train';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Conformer, conformer, layers} from '../src';

const epsilon = 1e-5;

const drawn = (shape: number[], seed: number) => {
  const random = new Random(seed, 'drawn');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => 2 + 3 * random.normal()),
    shape,
  );
};

const closeTo = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 4) => {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
};

/** Mean and both variances of each channel of x [batch, frames, channels]. */
function statisticsOf(x: tf.Tensor) {
  const [batch, frames, channels] = x.shape as number[];
  const values = x.dataSync();
  const count = batch * frames;
  return Array.from({length: channels}, (_, c) => {
    const own = Array.from({length: count}, (__, i) => values[i * channels + c]);
    const mean = own.reduce((sum, value) => sum + value, 0) / count;
    const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return {mean, biased: squares / count, unbiased: squares / (count - 1)};
  });
}

describe('frameBatchNorm', () => {
  let x: tf.Tensor;
  let layer: ReturnType<typeof layers.frameBatchNorm>;
  const weight = (name: string) =>
    layer.weights.find(({originalName}) => originalName.endsWith(name)) as tf.LayerVariable;
  const valuesOf = (name: string) => [...weight(name).read().dataSync()];
  const run = (training: boolean) => tf.tidy(() => [...(layer.apply(x, {training}) as tf.Tensor).dataSync()]);

  beforeEach(() => {
    x = drawn([2, 5, 3], 1);
    layer = layers.frameBatchNorm({});
    tf.dispose(layer.apply(x) as tf.Tensor);
  });
  afterEach(() => {
    x.dispose();
    for (const {name} of layer.weights) void name;
    for (const variable of layer.weights) variable.dispose();
  });

  it('normalises a batch by its own mean and biased variance, in training', () => {
    const statistics = statisticsOf(x);
    const expected = [...x.dataSync()].map((value, i) => {
      const {mean, biased} = statistics[i % 3];
      return (value - mean) / Math.sqrt(biased + epsilon);
    });
    closeTo(run(true), expected);
  });

  it('follows mean and unbiased variance by a tenth, once a batch, and counts batches', () => {
    const statistics = statisticsOf(x);
    for (let i = 0; i < 2; i++) run(true);
    closeTo(
      valuesOf('running_mean'),
      statistics.map(({mean}) => 0.19 * mean),
    );
    closeTo(
      valuesOf('running_var'),
      statistics.map(({unbiased}) => 0.81 + 0.19 * unbiased),
    );
    expect(valuesOf('batches')).toEqual([2]);
  });

  it('takes the running statistics otherwise, and leaves them', () => {
    closeTo(
      run(false),
      [...x.dataSync()].map((value) => value / Math.sqrt(1 + epsilon)),
    );
    expect(valuesOf('batches')).toEqual([0]);
  });

  it('takes and leaves them in training too where it is frozen', () => {
    layer.trainable = false;
    expect(run(true)).toEqual(run(false));
    expect(valuesOf('batches')).toEqual([0]);
  });

  it('has finite statistics of one frame alone', () => {
    x.dispose();
    x = drawn([1, 1, 3], 2);
    run(true);
    closeTo(valuesOf('running_var'), [0.9, 0.9, 0.9]);
  });

  it('follows once where the layer runs again for its gradient', () => {
    tf.tidy(() => {
      const random = new Random(1, 'dropout');
      tf.grad((y) => checkpointed(layer, y, {training: true, random}).output.square().sum())(x);
    });
    expect(valuesOf('batches')).toEqual([1]);
  });
});

describe('a Conformer in training', () => {
  const utterances: BatchSource = {
    kinds: ['speech-recognizer'],
    tokensPerExample: 1,
    numExamples: 4,
    batch: () => ({
      inputs: [drawn([2, 15, 8], 1), tf.tensor1d([15, 11], 'int32')],
      targets: tf.tensor2d([1, 2, 3, -100], [2, 2], 'int32'),
    }),
  };
  const small = {
    vocabSize: 4,
    inputSize: 8,
    hiddenSize: 8,
    numLayers: 2,
    numHeads: 2,
    intermediateSize: 8,
    kernelSize: 3,
  };

  const weightsAfter = async (model: Conformer, options: object) => {
    for await (const _ of train(model, utterances, {steps: 3, batchSize: 2, learningRate: 1e-3, ...options}));
    return new Map(model.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));
  };

  it('has the same statistics with and without checkpoints of gradients', async () => {
    const models = [conformer(small), conformer(small)];
    const plain = await weightsAfter(models[0], {});
    const again = await weightsAfter(models[1], {gradientCheckpointing: true});
    for (const [name, values] of plain) closeTo(again.get(name) as number[], values, 3);
    expect([...plain].filter(([name]) => name.endsWith('batches')).map(([, [count]]) => count)).toEqual([3, 3]);
    for (const model of models) model.dispose();
  });
});

describe('a norm of whole utterances', () => {
  const small = {vocabSize: 4, inputSize: 8, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 8};

  it.each([{padding: 'exact'}, {padding: 'keys'}] as const)('counts padding unless that is exact: %o', ({padding}) => {
    const model = conformer({...small, kernelSize: 3, convolutionNorm: 'group', padding});
    tf.tidy(() => {
      const features = drawn([1, 40, 8], 1);
      const alone = model.logits(features.slice([0, 0, 0], [1, 23, 8]));
      const padded = model.logits({features, lengths: [23]}).slice([0, 0, 0], alone.shape);
      const distance = alone.sub(padded).abs().max().dataSync()[0];
      if (padding === 'exact') expect(distance).toBeLessThan(1e-5);
      else expect(distance).toBeGreaterThan(1e-3);
    });
    model.dispose();
  });
});
