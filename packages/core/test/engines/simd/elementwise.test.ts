import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {gelu} from '../../../src/kernels/gelu';
import {silu} from '../../../src/kernels/silu';
import {Random} from '../../../src/random';

type Numeric = 'float32' | 'int32' | 'bool';

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 3e9, -3e9, 0.5, 1.5, 2.5, -2.5];

/** Values of a dtype, among them those that are treated apart. */
function tensor(shape: number[], random: Random, dtype: Numeric = 'float32'): tf.Tensor {
  const draw = {
    float32: () => (random.below(10) === 0 ? special[random.below(special.length)] : 3 * random.normal()),
    int32: () => (random.below(10) === 0 ? [0, 2 ** 24, -(2 ** 24)][random.below(3)] : random.below(21) - 10),
    bool: () => random.below(2),
  }[dtype];
  return tf.tensor(Array.from({length: tf.util.sizeFromShape(shape)}, draw), shape, dtype);
}

/** Up to four axes, also of length 0 and 1. */
const shapes = fc.array(fc.oneof({weight: 8, arbitrary: fc.integer({min: 1, max: 9})}, fc.constantFrom(0, 18, 35)), {
  maxLength: 4,
});

/** A shape that broadcasts with another: some of its axes 1, some of the first left out. */
function broadcastable(shape: number[], random: Random): number[] {
  return shape.map((length) => (random.below(3) === 0 ? 1 : length)).slice(random.below(shape.length + 1));
}

/** Draws a tensor of a dtype, of the case's shape or of one that broadcasts with it. */
type Draw = (dtype?: Numeric) => tf.Tensor;
type Operation = (same: Draw, other: Draw) => tf.Tensor | tf.Tensor[];

const dtypes: Numeric[] = ['float32', 'int32', 'bool'];
const positive = (x: tf.Tensor) => x.abs().add(0.1);

const operations: {[name: string]: Operation} = {
  step: (x) => [tf.step(x()), tf.step(x(), 0.3), tf.step(x('int32'), 2)],
  leakyRelu: (x) => [tf.leakyRelu(x(), 0.3), tf.leakyRelu(x('int32'))],
  prelu: (x, other) => tf.prelu(x(), other()),
  elu: (x) => [tf.elu(x()), tf.grad((v) => tf.elu(v))(x())],
  relus: (x) => [tf.relu(x()), tf.relu6(x()), tf.relu(x('int32')), tf.relu6(x('int32'))],
  clip: (x) => [tf.clipByValue(x(), -1, 0.5), tf.clipByValue(x('int32'), -2.5, 3.5)],
  integers: (x) => [tf.abs(x('int32')), tf.neg(x('int32')), tf.sign(x('int32')), tf.sign(x())],
  rounding: (x) => [tf.round(x()), tf.floor(x()), tf.ceil(x())],
  infinite: (x) => [tf.isInf(x()), tf.isNaN(x()), tf.isFinite(x())],
  trigonometry: (x) => [tf.tan(x()), tf.asin(x()), tf.acos(x()), tf.atan(x()), tf.sin(x()), tf.cos(x())],
  hyperbolic: (x) => [tf.sinh(x()), tf.cosh(x()), tf.asinh(x()), tf.acosh(x()), tf.atanh(x())],
  atan2: (x, other) => tf.atan2(x(), other()),
  pow: (x, other) => [tf.pow(x(), other()), tf.pow(positive(x()), other()), tf.pow(x('int32'), other('int32'))],
  constantPowers: (x) => [-1, 0, 0.5, 1, 2, 3, 4].map((power) => tf.pow(x(), power)),
  mod: (x, other) => [tf.mod(x(), other()), tf.mod(x('int32'), other('int32'))],
  floorDiv: (x, other) => [tf.floorDiv(x(), other()), tf.floorDiv(other('int32'), x('int32'))],
  arithmetic: (x, other) => [tf.add, tf.sub, tf.maximum, tf.minimum].map((f) => f(x('int32'), other('int32'))),
  bitwiseAnd: (x) => tf.bitwiseAnd(x('int32'), x('int32')),
  comparisons: (x, other) =>
    [tf.equal, tf.notEqual, tf.less, tf.lessEqual, tf.greater, tf.greaterEqual].flatMap((f) =>
      dtypes.map((dtype) => f(x(dtype), other(dtype))),
    ),
  logical: (x, other) => [
    tf.logicalNot(x('bool')),
    ...[tf.logicalAnd, tf.logicalOr, tf.logicalXor].map((f) => f(other('bool'), x('bool'))),
  ],
  where: (x, other) => dtypes.map((dtype) => tf.where(x('bool'), x(dtype), other(dtype))),
  cast: (x) => dtypes.flatMap((from) => dtypes.map((to) => x(from).cast(to))),
  filled: (x) => dtypes.flatMap((dtype) => [tf.zerosLike(x(dtype)), tf.onesLike(x(dtype)), x(dtype).clone()]),
  fill: (x) => [tf.fill(x().shape, -2.5), tf.fill(x().shape, 7, 'int32'), tf.fill(x().shape, 1, 'bool')],
  addN: (x) => [tf.addN([x()]), tf.addN([x(), x()]), tf.addN([x(), x(), x(), x()]), tf.addN([x('int32'), x('int32')])],
  batchNorm: (x) => {
    const [input, channels] = [x(), x().shape.slice(-1)];
    if (input.rank < 2) return input;
    const each = () => tf.tensor1d(Array.from({length: channels[0]}, (_, i) => (i % 5) / 2)) as tf.Tensor;
    const norm = tf.batchNorm as (...tensors: (tf.Tensor | undefined)[]) => tf.Tensor;
    const full = x().abs();
    return [norm(input, each(), each()), norm(input, each(), each(), each(), each()), norm(input, full, full)];
  },
};

const values = (result: tf.Tensor | tf.Tensor[]) =>
  [result].flat().map((x) => ({shape: x.shape, dtype: x.dtype, values: Array.from(x.dataSync())}));

/** What a computation gives on a backend. */
async function on(backend: string, compute: () => tf.Tensor | tf.Tensor[]) {
  await tf.setBackend(backend);
  let results: ReturnType<typeof values> = [];
  tf.tidy(() => {
    results = values(compute());
  });
  return results;
}

/** Within a tolerance, of the value if that is large; not finite ones are the same. */
const isClose = (got: number, wanted: number, tolerance: number) =>
  Object.is(got + 0, wanted + 0) || Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted));

describe('element-wise kernels of the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it.each(Object.keys(operations))('%s give what the cpu backend gives', (name) =>
    fc.assert(
      fc.asyncProperty(shapes, fc.nat(), async (shape, seed) => {
        const compute = () => {
          const random = new Random(seed, name);
          const same: Draw = (dtype) => tensor(shape, random, dtype);
          return operations[name](same, (dtype) => tensor(broadcastable(shape, random), random, dtype));
        };
        const [expected, actual] = [await on('cpu', compute), await on('simd', compute)];
        const kinds = (results: typeof expected) => results.map(({shape, dtype}) => ({shape, dtype}));
        expect(kinds(actual)).toEqual(kinds(expected));
        const wrong = expected.flatMap((result, i) =>
          result.values.flatMap((wanted, j) =>
            isClose(actual[i].values[j], wanted, 1e-6) ? [] : [`${i}.${j}: ${actual[i].values[j]}, not ${wanted}`],
          ),
        );
        expect(wrong).toEqual([]);
      }),
      {numRuns: 30},
    ),
  );

  /** Tensors beyond the pieces that threads take, and rows on both sides of their length. */
  const large: {[name: string]: () => tf.Tensor} = {
    'of one tensor': () => tf.tanh(tensor([40_003], new Random(1, 'x'))),
    gelu: () => gelu(tensor([40_003], new Random(1, 'x'))),
    'gelu, its gradient': () => tf.grad((x) => gelu(x, true))(tensor([40_003], new Random(1, 'x'))),
    'silu, its gradient': () => tf.grad((x) => silu(x))(tensor([40_003], new Random(1, 'x'))),
    'of two tensors': () => tf.sub(tensor([5, 9_001], new Random(1, 'a')), tensor([5, 9_001], new Random(1, 'b'))),
    'with a row': () => tf.sub(tensor([300, 301], new Random(1, 'a')), tensor([301], new Random(1, 'b'))),
    'with long rows': () => tf.sub(tensor([2, 40_001], new Random(1, 'a')), tensor([40_001], new Random(1, 'b'))),
    'with a column': () => tf.greater(tensor([301, 1], new Random(1, 'a')), tensor([301, 299], new Random(1, 'b'))),
    'of an outer product': () =>
      tf.sub(tensor([201, 1, 3], new Random(1, 'a')), tensor([1, 203, 1], new Random(1, 'b'))),
    'by conditions': () => {
      const [a, b] = [tensor([7, 9_001], new Random(1, 'a')), tensor([7, 9_001], new Random(1, 'b'))];
      return tf.where(a.greater(b), a, b);
    },
    'of many tensors': () => tf.addN(['a', 'b', 'c'].map((name) => tensor([70_001], new Random(1, name)))),
    'of one value': () => tf.fill([400_001], 3, 'int32'),
  };

  it.each(Object.keys(large))('give the same bits for any number of threads, large ones %s', async (name) => {
    await setThreads(1);
    const alone = await on('simd', large[name]);
    await setThreads(3);
    expect(await on('simd', large[name])).toEqual(alone);
    const expected = (await on('cpu', large[name]))[0].values;
    // The cpu backend's composed gradients lose digits where they subtract.
    const wrong = expected.filter((wanted, i) => !isClose(alone[0].values[i], wanted, 3e-5));
    expect(wrong).toEqual([]);
  });

  it('leave alone what follows a row in memory, and the tensors beside', async () => {
    await tf.setBackend('simd');
    const [a, b, beside] = [tf.ones([3, 1]), tf.ones([1, 5]), tf.fill([16], 7)];
    const sum = a.add(b);
    expect([...sum.dataSync()]).toEqual(Array(15).fill(2));
    expect([...beside.dataSync()]).toEqual(Array(16).fill(7));
    tf.dispose([a, b, beside, sum]);
  });
});
