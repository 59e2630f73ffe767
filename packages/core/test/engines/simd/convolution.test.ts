import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outChannels: number;
  filterHeight: number;
  filterWidth: number;
  strides: [number, number];
  pad: 'same' | 'valid';
  seed: number;
}

const between = (min: number, max: number) => fc.integer({min, max});

const cases = fc.record<Case>({
  batch: between(1, 3),
  height: between(4, 9),
  width: between(4, 9),
  channels: fc.oneof(between(1, 9), fc.constantFrom(17, 40, 70)),
  outChannels: between(1, 19),
  filterHeight: between(1, 4),
  filterWidth: between(1, 4),
  strides: fc.tuple(between(1, 3), between(1, 3)),
  pad: fc.constantFrom('same', 'valid'),
  seed: fc.nat(),
});

const check = (compute: (c: Case, random: Random) => tf.Tensor | tf.Tensor[]) =>
  fc.assert(
    fc.asyncProperty(cases, async (c) =>
      expectSame(await onBoth(() => compute(c, new Random(c.seed, 'convolution'))), 1e-5),
    ),
    {numRuns: 50},
  );

const imageOf = ({batch, height, width, channels}: Case, random: Random) =>
  randomTensor([batch, height, width, channels], random) as tf.Tensor4D;

const filterOf = ({filterHeight, filterWidth, channels, outChannels}: Case, random: Random) =>
  randomTensor([filterHeight, filterWidth, channels, outChannels], random) as tf.Tensor4D;

/** The result and the gradients of its sum, weighted by random numbers. */
function withGradients(f: (...x: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], random: Random): tf.Tensor[] {
  const result = f(...inputs);
  const probe = randomTensor(result.shape, random);
  return [
    result,
    ...tf.grads((...x) =>
      f(...x)
        .mul(probe)
        .sum(),
    )(inputs),
  ];
}

const activations: tf.fused.Activation[] = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'];

describe('convolutions and pooling on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('conv2d with its gradients', () =>
    check((c, random) =>
      withGradients(
        (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, c.strides, c.pad),
        [imageOf(c, random), filterOf(c, random)],
        random,
      ),
    ));

  it('conv2d with its gradients, channels first', () =>
    check((c, random) =>
      withGradients(
        (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, c.strides, c.pad, 'NCHW'),
        [imageOf(c, random).transpose([0, 3, 1, 2]), filterOf(c, random)],
        random,
      ),
    ));

  it('conv2d dilated', () =>
    check((c, random) => tf.conv2d(imageOf(c, random), filterOf(c, random), 1, 'same', 'NHWC', c.strides)));

  it('conv1d and separable convolutions', () =>
    check((c, random) => {
      const x = randomTensor([c.batch, c.width, c.channels], random) as tf.Tensor3D;
      const filter = randomTensor([c.filterWidth, c.channels, c.outChannels], random) as tf.Tensor3D;
      const depth = randomTensor([c.filterHeight, c.filterWidth, c.channels, 2], random) as tf.Tensor4D;
      const point = randomTensor([1, 1, 2 * c.channels, c.outChannels], random) as tf.Tensor4D;
      return [
        tf.conv1d(x, filter, c.strides[0], c.pad),
        tf.separableConv2d(imageOf(c, random), depth, point, c.strides[0], c.pad),
      ];
    }));

  it('conv2dTranspose with its gradients', () =>
    check((c, random) => {
      const [stride] = c.strides;
      const filter = randomTensor([c.filterHeight, c.filterWidth, c.outChannels, c.channels], random);
      const shape: [number, number, number, number] = [c.batch, c.height * stride, c.width * stride, c.outChannels];
      return withGradients(
        (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, shape, stride, 'same'),
        [imageOf(c, random), filter],
        random,
      );
    }));

  it('depthwiseConv2d with its gradients', () =>
    check((c, random) => {
      const filter = randomTensor([c.filterHeight, c.filterWidth, c.channels, 1 + (c.seed % 3)], random);
      return withGradients(
        (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, c.strides, c.pad),
        [imageOf(c, random), filter],
        random,
      );
    }));

  it('depthwiseConv2d dilated', () =>
    check((c, random) => {
      const filter = randomTensor([c.filterHeight, c.filterWidth, c.channels, 1], random) as tf.Tensor4D;
      return tf.depthwiseConv2d(imageOf(c, random), filter, 1, 'same', 'NHWC', c.strides);
    }));

  it('fused with a bias and every activation', () =>
    check((c, random) => {
      const activation = activations[random.below(activations.length)];
      const x = imageOf(c, random);
      const layer = (channels: number) => ({
        ...{strides: c.strides, pad: c.pad, activation, leakyreluAlpha: 0.3},
        bias: randomTensor([channels], random),
        preluActivationWeights: activation === 'prelu' ? randomTensor([1, 1, channels], random) : undefined,
      });
      const depth = randomTensor([c.filterHeight, c.filterWidth, c.channels, 1], random) as tf.Tensor4D;
      return [
        tf.fused.conv2d({x, filter: filterOf(c, random), ...layer(c.outChannels)}),
        tf.fused.depthwiseConv2d({x, filter: depth, ...layer(c.channels)}),
      ];
    }));

  it.each([
    ['maxPool', tf.maxPool],
    ['avgPool', tf.avgPool],
  ] as const)('%s with its gradient', (_, pool) =>
    check((c, random) =>
      withGradients(
        (x) => pool(x as tf.Tensor4D, [c.filterHeight, c.filterWidth], c.strides, c.pad),
        // Few different values, so that some largest ones are equal.
        [imageOf(c, random).mul(2).round()],
        random,
      ),
    ),
  );

  it('maxPool passes over NaN as the cpu backend does', async () => {
    const x = () => tf.tensor4d([Number.NaN, 1, Number.NaN, Number.NaN, 2, Number.NEGATIVE_INFINITY], [1, 1, 6, 1]);
    expectSame(await onBoth(() => tf.maxPool(x(), [1, 2], [1, 2], 'valid')), 0);
  });

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const compute = () => {
      const random = new Random(4, 'threads');
      const c: Case = {
        ...{batch: 2, height: 20, width: 21, channels: 24, outChannels: 33, filterHeight: 3, filterWidth: 3},
        ...{strides: [2, 1], pad: 'same', seed: 0},
      };
      const depth = randomTensor([3, 3, 24, 1], random);
      const convolution = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 1], 'same');
      const channels = (x: tf.Tensor, w: tf.Tensor) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
      return [
        ...withGradients(convolution, [imageOf(c, random), filterOf(c, random)], random),
        ...withGradients(channels, [imageOf(c, random), depth], random),
      ];
    };
    await setThreads(1);
    const alone = resultsOf(compute);
    await setThreads(3);
    expect(resultsOf(compute)).toEqual(alone);
  });
});
