import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

type Numeric = 'float32' | 'int32' | 'bool';

const dtypes: Numeric[] = ['float32', 'int32', 'bool'];
const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];

/** Values of which one in twenty is not finite, or a zero. */
function withSpecial(shape: number[], random: Random): tf.Tensor {
  const draw = () => (random.below(20) === 0 ? special[random.below(special.length)] : random.normal());
  return tf.tensor(Float32Array.from({length: tf.util.sizeFromShape(shape)}, draw), shape);
}

/** Up to four axes; some lengths are those at which the ways of reducing change. */
const lengths = fc.oneof(
  {weight: 8, arbitrary: fc.integer({min: 1, max: 7})},
  {weight: 2, arbitrary: fc.constantFrom(16, 33, 64, 67, 130)},
);
const shapes = fc.array(lengths, {maxLength: 4}).filter((shape) => tf.util.sizeFromShape(shape) <= 20_000);
const withEmpty = fc.array(fc.constantFrom(0, 1, 2, 3), {minLength: 1, maxLength: 3});

interface Case {
  shape: number[];
  axes: number[] | undefined;
  keepDims: boolean;
  seed: number;
}

/** A shape, some of its axes (or undefined, for all), and a seed. */
const casesOf = (shape: fc.Arbitrary<number[]>): fc.Arbitrary<Case> =>
  shape.chain((lengths) =>
    fc.record({
      shape: fc.constant(lengths),
      axes: fc.option(fc.subarray(lengths.map((_, axis) => axis)), {nil: undefined, freq: 8}),
      keepDims: fc.boolean(),
      seed: fc.nat(),
    }),
  );

const cases = casesOf(shapes);

const check = (
  compute: (c: Case, random: Random) => tf.Tensor | tf.Tensor[],
  tolerance = 0,
  of: fc.Arbitrary<Case> = cases,
) =>
  fc.assert(
    fc.asyncProperty(of, async (c) =>
      expectSame(await onBoth(() => compute(c, new Random(c.seed, 'reduce'))), tolerance),
    ),
    {numRuns: 60},
  );

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('reductions of the simd engine', () => {
  it('sum and average floats, relatively to the sum of their sizes', () =>
    check(({shape, axes, keepDims}, random) => {
      const x = randomTensor(shape, random);
      const sizes = x.abs().sum(axes, true);
      const relative = (reduced: tf.Tensor) => reduced.reshape(sizes.shape).div(sizes);
      return [relative(x.sum(axes, keepDims)), x.abs().mean(axes, keepDims), x.abs().sum(axes, keepDims)];
    }, 1e-6));

  it('sum, multiply and average whole numbers and truth values', () =>
    check(({shape, axes, keepDims}, random) => {
      const [whole, truth] = [randomTensor(shape, random, 'int32'), randomTensor(shape, random, 'bool')];
      const ones = whole.mod(3).notEqual(1).toInt().sub(2);
      return [whole.sum(axes, keepDims), truth.sum(axes, keepDims), ones.clipByValue(-1, 1).prod(axes, keepDims)];
    }));

  it('average whole numbers and truth values', () =>
    check(
      ({shape, axes, keepDims}, random) =>
        dtypes.slice(1).map((dtype) => tf.mean(randomTensor(shape, random, dtype), axes, keepDims)),
      1e-6,
    ));

  it('multiply floats, however far the products of some are out of range', () =>
    check(({shape, axes, keepDims}, random) => {
      const sizes = randomTensor(shape, random).mul(6).exp();
      return [sizes.prod(axes, keepDims).log(), randomTensor(shape, random).prod(axes, keepDims)];
    }, 1e-5));

  it('find the largest and the smallest, with NaN and infinities', () =>
    check(({shape, axes, keepDims}, random) => [
      withSpecial(shape, random).max(axes, keepDims),
      withSpecial(shape, random).min(axes, keepDims),
      ...dtypes.map((dtype) => randomTensor(shape, random, dtype).max(axes, keepDims)),
      ...dtypes.map((dtype) => randomTensor(shape, random, dtype).min(axes, keepDims)),
    ]));

  it('say whether all or any are true', () =>
    check(({shape, axes, keepDims}, random) => {
      const often = tf.tensor(
        Array.from({length: tf.util.sizeFromShape(shape)}, () => random.below(30) > 0),
        shape,
      );
      const seldom = often.logicalNot();
      return [often, seldom].flatMap((x) => [x.all(axes, keepDims), x.any(axes, keepDims)]);
    }));

  it('propagate what is not finite through sums', () =>
    check(({shape, axes}, random) => {
      const sum = withSpecial(shape, random).sum(axes);
      return [sum.isNaN(), sum.isInf(), sum.greater(1e30)];
    }));

  it('take empty tensors', () =>
    check(
      ({shape, axes, keepDims}) => {
        const x = tf.zeros(shape);
        return [x.sum(axes, keepDims), x.prod(axes, keepDims), x.toBool().all(axes, keepDims), x.cumsum(0)];
      },
      0,
      casesOf(withEmpty),
    ));

  it('keep sums of very many values accurate', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const x = tf.fill([3_000_001], 0.1);
      const exact = 3_000_001 * Math.fround(0.1);
      expect(Math.abs(x.sum().dataSync()[0] - exact) / exact).toBeLessThan(5e-7);
      const columns = tf.fill([200_000, 3], 0.1).sum(0).dataSync();
      for (const column of columns) expect(Math.abs(column / (200_000 * Math.fround(0.1)) - 1)).toBeLessThan(5e-7);
    });
  });
});

describe('places of extremes and running totals on the simd engine', () => {
  it('argMax and argMin take the first of equal values, and no NaN unless it is the first', () =>
    check(({shape, seed}, random) => {
      if (shape.length === 0) return [];
      const axis = seed % shape.length;
      const kinds = [withSpecial(shape, random), ...dtypes.map((dtype) => randomTensor(shape, random, dtype))];
      return kinds.flatMap((x) => [x.argMax(axis), x.argMin(axis)]);
    }));

  it('cumsum along any axis, from both ends, with and without the value itself', () =>
    check(({shape, seed}, random) => {
      if (shape.length === 0) return [];
      const [axis, x, whole] = [seed % shape.length, randomTensor(shape, random), randomTensor(shape, random, 'int32')];
      return [false, true].flatMap((exclusive) =>
        [false, true].flatMap((reverse) => [x, whole].map((values) => values.cumsum(axis, exclusive, reverse))),
      );
    }, 1e-6));

  it('cumprod along any axis, from both ends, with and without the value itself', () =>
    check(({shape, seed}, random) => {
      if (shape.length === 0) return [];
      const [axis, x] = [seed % shape.length, randomTensor(shape, random)];
      const whole = randomTensor(shape, random, 'bool').toInt().mul(2).sub(1);
      return [false, true].flatMap((exclusive) =>
        [false, true].flatMap((reverse) => [x, whole].map((values) => tf.cumprod(values, axis, exclusive, reverse))),
      );
    }, 1e-5));
});

describe('softmax on the simd engine', () => {
  const rows = casesOf(shapes.filter((shape) => shape.length > 0));

  it('is what the cpu backend gives, for scores of any size', () =>
    check(
      ({shape, seed}, random) => {
        const x = randomTensor(shape, random).mul([1, 30, 1e6, 1e38][seed % 4]);
        return [tf.softmax(x), tf.logSoftmax(x.clipByValue(-1e3, 1e3)).mul(1e-3)];
      },
      1e-6,
      rows,
    ));

  it('gives masked scores the weight 0, and NaN where all are or one is NaN', () =>
    check(
      ({shape}, random) => {
        const x = withSpecial(shape, random);
        const masked = tf.where(x.isFinite(), x, tf.fill(shape, Number.NEGATIVE_INFINITY));
        return [tf.softmax(masked), tf.softmax(x)];
      },
      1e-6,
      rows,
    ));
});

describe('reductions of large tensors', () => {
  const random = () => new Random(3, 'large');
  const large: {[name: string]: () => tf.Tensor | tf.Tensor[]} = {
    'of all axes': () => [randomTensor([130_003], random()).abs().sum(), randomTensor([130_003], random()).max()],
    'of rows': () => randomTensor([37, 8_301], random()).abs().sum(1),
    'of a long column': () => randomTensor([70_001, 3], random()).abs().sum(0),
    'of wide columns': () => randomTensor([150, 2_301], random()).abs().sum(0),
    'of middle axes': () => randomTensor([5, 40, 7, 131], random()).abs().mean([1, 2]),
    'of outer and inner axes': () => randomTensor([40, 41, 60], random()).abs().sum([0, 2]),
    'to places': () => [randomTensor([50, 3_001], random()).argMax(1), randomTensor([50, 3_001], random()).argMin(0)],
    'to running totals': () =>
      [0, 1, 2].map((axis) =>
        randomTensor([20, 30, 70], random())
          .abs()
          .cumsum(axis, false, axis === 1),
      ),
    'by softmax': () => tf.softmax(randomTensor([700, 101], random())),
  };

  it.each(Object.keys(large))('give the same bits for any number of threads, %s', async (name) => {
    await setThreads(1);
    const {expected, actual} = await onBoth(large[name]);
    expectSame({expected, actual}, 1e-6);
    await setThreads(3);
    expect(resultsOf(large[name])).toEqual(actual);
  });
});
