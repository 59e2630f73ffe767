import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {layerNorm} from '../../../src/kernels/layer-norm';
import {rmsNorm} from '../../../src/kernels/rms-norm';
import {softmaxCrossEntropy} from '../../../src/kernels/softmax-cross-entropy';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  shape: number[];
  /** Axes that the weights have. */
  axes: number;
  seed: number;
}

const cases = fc.record<Case>({
  shape: fc.tuple(fc.integer({min: 0, max: 5}), fc.integer({min: 1, max: 4}), fc.integer({min: 1, max: 41})),
  axes: fc.integer({min: 1, max: 3}),
  seed: fc.nat(),
});

const check = (compute: (c: Case, random: Random) => tf.Tensor[], tolerance: number) =>
  fc.assert(
    fc.asyncProperty(cases, async (c) =>
      expectSame(await onBoth(() => compute(c, new Random(c.seed, 'norm'))), tolerance),
    ),
    {numRuns: 60},
  );

/** An operation's output and the gradients of the sum of output times random numbers. */
function withGradients(op: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], random: Random): tf.Tensor[] {
  const y = op(...inputs);
  const probe = randomTensor(y.shape, random);
  return [
    y,
    ...tf.grads((...values) =>
      op(...values)
        .mul(probe)
        .sum(),
    )(inputs),
  ];
}

const layer = (x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor) => layerNorm(x, 0.01, {weight, bias});
const rms = (x: tf.Tensor, weight: tf.Tensor) => rmsNorm(x, 0.01, weight);

/** An input and weights for its last axes. */
function inputs({shape, axes}: Case, random: Random, weights: number): tf.Tensor[] {
  const last = shape.slice(shape.length - axes);
  return [randomTensor(shape, random), ...Array.from({length: weights}, () => randomTensor(last, random))];
}

/** Class numbers of which a fifth does not count, and logits for them. */
function scores(rows: number, classes: number, random: Random): [logits: tf.Tensor, targets: tf.Tensor1D] {
  const targets = Array.from({length: rows}, () => (random.chance(0.2) ? -100 : random.below(classes)));
  return [randomTensor([rows, classes], random).mul(4), tf.tensor1d(targets, 'int32')];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('fused norms of the simd engine give what the references give', () => {
  it('layerNorm, with weight and bias, with weight alone, without', () =>
    check(
      (c, random) =>
        [1, 2, 3].flatMap((count) =>
          count === 1
            ? withGradients((x) => layerNorm(x, 0.01), inputs(c, random, 0), random)
            : withGradients(layer, inputs(c, random, count - 1), random),
        ),
      2e-5,
    ));

  it('rmsNorm, with a weight and without', () =>
    check(
      (c, random) => [
        ...withGradients((x) => rmsNorm(x, 0.01), inputs(c, random, 0), random),
        ...withGradients(rms, inputs(c, random, 1), random),
      ],
      2e-5,
    ));

  it('layerNorm of values that are far from 0', () =>
    check(({shape}, random) => [layerNorm(randomTensor(shape, random).add(1000), 1)], 1e-3));

  it('softmaxCrossEntropy, of whole and of float targets, smoothed and not', () =>
    check(({shape: [, rows, classes], seed}, random) => {
      const smoothing = seed % 3 === 0 ? 0 : 0.1;
      const [logits, targets] = scores(rows * 5, classes, random);
      const floats = tf.tensor1d(Array.from(targets.dataSync()));
      return [targets, floats].flatMap((wanted) =>
        withGradients((x) => softmaxCrossEntropy(x, wanted, {smoothing}), [logits], random),
      );
    }, 1e-5));
});

describe('softmaxCrossEntropy on the simd engine', () => {
  async function lossAndGradient(logits: number[][], targets: number[], ignoreIndex = -100) {
    await tf.setBackend('simd');
    return tf.tidy(() => {
      const wanted = tf.tensor1d(targets, 'int32');
      const {value, grad} = tf.valueAndGrad((x) => softmaxCrossEntropy(x, wanted, {ignoreIndex}))(tf.tensor2d(logits));
      return {loss: value.dataSync()[0], gradient: grad.arraySync() as number[][]};
    });
  }

  it('holds for huge and infinite logits', async () => {
    expect(await lossAndGradient([[1e30, 0, -1e30]], [0])).toEqual({loss: 0, gradient: [[0, 0, 0]]});
    const masked = await lossAndGradient([[Number.NEGATIVE_INFINITY, 1, 1]], [2]);
    expect(masked.loss).toBeCloseTo(Math.LN2, 6);
    expect(masked.gradient[0]).toEqual([0, expect.closeTo(0.5, 6), expect.closeTo(-0.5, 6)]);
    expect((await lossAndGradient([[Number.NEGATIVE_INFINITY, 1]], [0])).loss).toBe(Number.POSITIVE_INFINITY);
  });

  it('is NaN for a target that is no class, and where none counts, which has the gradient 0', async () => {
    for (const target of [2, -1]) expect((await lossAndGradient([[1, 2]], [target])).loss).toBeNaN();
    expect(await lossAndGradient([[1, 2]], [7], 7)).toEqual({loss: Number.NaN, gradient: [[0, 0]]});
  });
});

describe('norms and cross entropy of large tensors', () => {
  const random = () => new Random(3, 'large');
  const large: {[name: string]: () => tf.Tensor[]} = {
    layerNorm: () => withGradients(layer, inputs({shape: [2, 500, 131], axes: 1, seed: 0}, random(), 2), random()),
    'layerNorm of long rows': () =>
      withGradients(layer, inputs({shape: [5, 2, 9_001], axes: 2, seed: 0}, random(), 2), random()),
    rmsNorm: () => withGradients(rms, inputs({shape: [3, 700, 64], axes: 1, seed: 0}, random(), 1), random()),
    batchNorm: () => {
      const [mean, offset, scale, spread] = [0, 1, 2, 3].map(() => randomTensor([37], random()) as tf.Tensor1D);
      const x = randomTensor([3_000, 37], random()) as tf.Tensor2D;
      return [tf.batchNorm(x, mean, spread.square(), offset, scale), tf.batchNorm(x, mean, spread.square())];
    },
    softmaxCrossEntropy: () => {
      const [logits, targets] = scores(300, 259, random());
      return withGradients((x) => softmaxCrossEntropy(x, targets), [logits], random());
    },
  };

  it.each(Object.keys(large))('give the same bits for any number of threads: %s', async (name) => {
    await setThreads(1);
    const {expected, actual} = await onBoth(large[name]);
    expectSame({expected, actual}, 2e-5);
    await setThreads(3);
    expect(resultsOf(large[name])).toEqual(actual);
  });
});
