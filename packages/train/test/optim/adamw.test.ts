import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {AdamW} from '../../src/index';
import {type TinyModel, valuesOf, withTiny} from '../tiny-model';

interface Settings {
  betas: [number, number];
  epsilon: number;
  weightDecay: number;
}

/** AdamW by its definition, in double precision. */
function adamW(weight: number[], gradients: number[][], rates: number[], decays: boolean, settings: Settings) {
  const {betas, epsilon, weightDecay} = settings;
  const m = weight.map(() => 0);
  const v = weight.map(() => 0);
  const w = [...weight];
  gradients.forEach((gradient, t) => {
    gradient.forEach((g, i) => {
      m[i] = betas[0] * m[i] + (1 - betas[0]) * g;
      v[i] = betas[1] * v[i] + (1 - betas[1]) * g * g;
      const mHat = m[i] / (1 - betas[0] ** (t + 1));
      const vHat = v[i] / (1 - betas[1] ** (t + 1));
      if (decays) w[i] *= 1 - rates[t] * weightDecay;
      w[i] -= (rates[t] * mHat) / (Math.sqrt(vHat) + epsilon);
    });
  });
  return {w, m, v};
}

const float = (min: number, max: number) =>
  fc.double({min, max, noNaN: true, noDefaultInfinity: true}).map(Math.fround);
const rows = (size: number, min: number, max: number) => fc.array(float(min, max), {minLength: size, maxLength: size});

const variableOf = (values: number[], shape = [values.length]) => tf.tidy(() => tf.variable(tf.tensor(values, shape)));

function expectClose(actual: ArrayLike<number>, wanted: number[]): void {
  const scale = Math.max(1, ...wanted.map(Math.abs));
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i] - value) / scale).toBeLessThan(2e-6);
  });
}

describe('AdamW', () => {
  it.each([
    {shape: [6], decays: false},
    {shape: [2, 3], decays: true},
    {shape: [1, 2, 3], decays: true},
  ])('follows its definition for a weight of shape $shape', async ({shape, decays}) => {
    const runs = fc.record({
      weight: rows(6, -2, 2),
      gradients: fc.array(rows(6, -3, 3), {minLength: 1, maxLength: 5}),
      rates: rows(5, 0, 0.1),
      betas: fc.tuple(float(0, 0.99), float(0, 0.999)),
      weightDecay: float(0, 0.5),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({weight, gradients, rates, betas, weightDecay}) => {
        const optimizer = new AdamW({betas, weightDecay, epsilon: 1e-3});
        const variable = variableOf(weight, shape);
        for (const [t, gradient] of gradients.entries()) {
          optimizer.learningRate = rates[t];
          tf.tidy(() => optimizer.applyGradients({[variable.name]: tf.tensor(gradient, shape)}));
        }
        const wanted = adamW(weight, gradients, rates, decays, {betas, weightDecay, epsilon: 1e-3});
        const [iterations, first, second] = await optimizer.getWeights();
        expect(iterations.tensor.dataSync()[0]).toBe(gradients.length);
        expectClose(first.tensor.dataSync(), wanted.m);
        expectClose(second.tensor.dataSync(), wanted.v);
        expectClose(variable.dataSync(), wanted.w);
        variable.dispose();
        optimizer.dispose();
      }),
      {numRuns: 25},
    );
  });

  it("has nanoGPT's defaults and keeps epsilon outside of the root", () => {
    const optimizer = new AdamW();
    expect(optimizer.getConfig()).toEqual({learningRate: 1e-3, betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1});
    const variable = variableOf([1]);
    // g = 1e-8: the step is lr g / (g + epsilon) = lr / 2; inside of the root epsilon would leave next to nothing.
    tf.tidy(() => optimizer.applyGradients({[variable.name]: tf.tensor1d([1e-8])}));
    expect(variable.dataSync()[0]).toBeCloseTo(1 - 0.0005, 6);
    variable.dispose();
    optimizer.dispose();
  });

  it('multiplies the gradients by a scale if it is given one', () => {
    const [optimizer, other] = [new AdamW({epsilon: 0.1}), new AdamW({epsilon: 0.1})];
    const [a, b] = [variableOf([1, 2]), variableOf([1, 2])];
    tf.tidy(() => {
      optimizer.applyGradients({[a.name]: tf.tensor1d([4, -2])}, tf.scalar(0.25));
      other.applyGradients({[b.name]: tf.tensor1d([1, -0.5])});
    });
    expect(Array.from(a.dataSync())).toEqual(Array.from(b.dataSync()));
    tf.dispose([a, b]);
    optimizer.dispose();
    other.dispose();
  });

  it('goes on as before from weights that were read', async () => {
    const gradients = [
      [0.5, -1],
      [2, 0.1],
      [-0.3, 0.7],
    ];
    const step = (optimizer: AdamW, variable: tf.Variable, gradient: number[]) =>
      tf.tidy(() => optimizer.applyGradients([{name: variable.name, tensor: tf.tensor1d(gradient)}]));
    const whole = new AdamW();
    const [a, b] = [variableOf([1, 2]), variableOf([1, 2])];
    for (const gradient of gradients) step(whole, a, gradient);

    const before = new AdamW();
    step(before, b, gradients[0]);
    const after = new AdamW();
    await after.setWeights(await before.getWeights());
    before.dispose();
    for (const gradient of gradients.slice(1)) step(after, b, gradient);

    expect(Array.from(b.dataSync())).toEqual(Array.from(a.dataSync()));
    tf.dispose([a, b]);
    whole.dispose();
    after.dispose();
  });

  it('says so when the moments it was given are of other weights', async () => {
    const optimizer = new AdamW();
    const variable = variableOf([1, 2]);
    const state = [tf.scalar(1, 'int32'), tf.zeros([3]), tf.zeros([3])];
    await optimizer.setWeights(
      state.map((tensor, i) => ({name: ['iter', 'kernel/first', 'kernel/second'][i], tensor})),
    );
    const gradient = tf.tensor1d([1, 1]);
    expect(() => optimizer.applyGradients({[variable.name]: gradient})).toThrow(ShapeError);
    expect(() => optimizer.applyGradients({[variable.name]: gradient})).toThrow(
      /of kernel \[3\] were loaded for .*\[2\]/,
    );
    tf.dispose([variable, gradient, ...state]);
    optimizer.dispose();
  });

  it.each([
    [{learningRate: -1}, 'learningRate is -1, but must be a number from 0 on'],
    [{betas: [0.9, 1] as const}, 'betas is [0.9,1], but must be two numbers from 0 up to, but not including, 1'],
    [{epsilon: 0}, 'epsilon is 0'],
    [{weightDecay: Number.NaN}, 'weightDecay is NaN'],
  ])('refuses %o', (config, message) => {
    expect(() => new AdamW(config)).toThrow(ConfigError);
    expect(() => new AdamW(config)).toThrow(message);
  });

  it('leaves no tensors behind', async () => {
    const variable = variableOf([0, 0, 0, 0], [2, 2]);
    const before = tf.memory().numTensors;
    const optimizer = new AdamW();
    for (let i = 0; i < 3; i++) tf.tidy(() => optimizer.applyGradients({[variable.name]: tf.ones([2, 2])}));
    expect(tf.memory().numTensors).toBe(before + 2);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    variable.dispose();
  });
});

describe('AdamW in a compiled model', () => {
  const inputs = [
    [1, 2, 3, 4],
    [4, 3, 2, 1],
  ];
  const targets = [
    [2, 3, 4, 5],
    [3, 2, 1, -100],
  ];

  async function fit(model: TinyModel, epochs: number): Promise<number[]> {
    const [x, y] = [inputs, targets].map((rows) => tf.tensor2d(rows, [2, 4], 'int32'));
    const {history} = await model.fit(x, y, {epochs, batchSize: 2, verbose: 0});
    tf.dispose([x, y]);
    return history.loss as number[];
  }

  it('trains with model.fit', () =>
    withTiny({}, async (model) => {
      const optimizer = new AdamW({learningRate: 0.05});
      model.compile({optimizer});
      const losses = await fit(model, 30);
      expect(losses[29]).toBeLessThan(losses[0] / 2);
      optimizer.dispose();
    }));

  it('is saved with the model and goes on with its moments', () =>
    withTiny({}, async (model) => {
      const optimizer = new AdamW({learningRate: 0.05, weightDecay: 0.2});
      model.compile({optimizer});
      await fit(model, 3);
      let artifacts: tf.io.ModelArtifacts | undefined;
      await model.save(
        tf.io.withSaveHandler(async (saved) => {
          artifacts = saved;
          return {modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved)};
        }),
        {includeOptimizer: true},
      );
      const loaded = (await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts))) as TinyModel;
      expect(loaded.optimizer).toBeInstanceOf(AdamW);
      expect(loaded.optimizer.getConfig()).toEqual(optimizer.getConfig());
      await fit(model, 2);
      await fit(loaded, 2);
      expect(valuesOf(loaded)).toEqual(valuesOf(model));
      optimizer.dispose();
      loaded.optimizer.dispose();
      loaded.dispose();
    }));
});
