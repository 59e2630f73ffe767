import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {embeddingLookup} from '../../../src/kernels/embedding-lookup';
import {gelu} from '../../../src/kernels/gelu';
import {rotaryEmbedding, rotaryTables} from '../../../src/kernels/rotary-embedding';
import {Random} from '../../../src/random';

interface Case {
  shape: number[];
  seed: number;
}

/** Up to four axes, also of length 0 and 1, and lengths that no vector divides. */
const cases = fc.record<Case>({
  shape: fc.array(fc.oneof({weight: 8, arbitrary: fc.integer({min: 1, max: 9})}, fc.constantFrom(0, 17, 33)), {
    maxLength: 4,
  }),
  seed: fc.nat(),
});

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-30, -1e30];

/** Values of which some are not finite, when asked for. */
function tensor(shape: number[], random: Random, withSpecial = false): tf.Tensor {
  const draw = () =>
    withSpecial && random.below(12) === 0 ? special[random.below(special.length)] : 2 * random.normal();
  return tf.tensor(Float32Array.from({length: tf.util.sizeFromShape(shape)}, draw), shape);
}

const integers = (shape: number[], random: Random) =>
  tf.tensor(
    Int32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.below(11) - 5),
    shape,
    'int32',
  );

/** A shape that broadcasts with another: some of its axes 1, some of the first left out. */
function broadcastable(shape: number[], random: Random): number[] {
  return shape.map((length) => (random.below(3) === 0 ? 1 : length)).slice(random.below(shape.length + 1));
}

type Operation = (x: tf.Tensor, random: Random) => tf.Tensor | tf.Tensor[];

const onValues: {[name: string]: (x: tf.Tensor) => tf.Tensor} = {
  ...{abs: tf.abs, neg: tf.neg, exp: tf.exp, log: tf.log, sqrt: tf.sqrt, square: tf.square, tanh: tf.tanh, erf: tf.erf},
  ...{sigmoid: tf.sigmoid, relu: tf.relu, relu6: tf.relu6, elu: tf.elu, selu: tf.selu, softplus: tf.softplus},
  ...{floor: tf.floor, ceil: tf.ceil, round: tf.round, sign: tf.sign, sin: tf.sin, cos: tf.cos, isNaN: tf.isNaN},
  ...{expm1: tf.expm1, log1p: tf.log1p, rsqrt: tf.rsqrt, reciprocal: tf.reciprocal, isFinite: tf.isFinite},
  clip: (x) => tf.clipByValue(x, -1, 1.5),
  toInt: (x) => x.clipByValue(-1e9, 1e9).toInt(),
  toBool: (x) => x.toBool(),
};

const onPairs: {[name: string]: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor} = {
  ...{add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum},
  ...{squaredDifference: tf.squaredDifference, equal: tf.equal, notEqual: tf.notEqual, less: tf.less},
  ...{lessEqual: tf.lessEqual, greater: tf.greater, greaterEqual: tf.greaterEqual},
};

const onShapes: {[name: string]: Operation} = {
  transpose: (x, random) => tf.transpose(x, random.shuffle(x.shape.map((_, i) => i))),
  slice: (x, random) => {
    if (x.rank === 0) return x.clone();
    const begin = x.shape.map((length) => random.below(length + 1));
    return tf.slice(
      x,
      begin,
      begin.map((first, i) => random.below(x.shape[i] - first + 1)),
    );
  },
  reverse: (x, random) =>
    tf.reverse(
      x,
      x.shape.flatMap((_, i) => (random.chance(0.5) ? [i] : [])),
    ),
  tile: (x, random) =>
    tf.tile(
      x,
      x.shape.map(() => 1 + random.below(3)),
    ),
  pad: (x, random) =>
    x.rank === 0
      ? x.clone()
      : tf.pad(
          x,
          x.shape.map((): [number, number] => [random.below(3), random.below(3)]),
          7,
        ),
  concat: (x, random) => (x.rank === 0 ? x.clone() : tf.concat([x, x, x.mul(2)], random.below(x.rank))),
  stack: (x, random) => tf.stack([x, x.neg()], random.below(x.rank + 1)),
  unstack: (x, random) => (x.rank === 0 ? x.clone() : tf.unstack(x, random.below(x.rank))),
  gather: (x, random) => {
    const axis = random.below(Math.max(1, x.rank));
    if (x.rank === 0 || x.shape[axis] === 0) return x.clone();
    return tf.gather(x, tf.tensor1d([0, x.shape[axis] - 1, random.below(x.shape[axis])], 'int32'), axis);
  },
  where: (x) => tf.where(x.greater(0), x, x.mul(3)),
  matMul: (x, random) => {
    // Of a batch of none, tfjs's cpu backend computes one product of nothing.
    if (x.shape.slice(0, -2).includes(0)) return x.clone();
    const [rows, columns] = x.rank < 2 ? [1, x.size] : x.shape.slice(-2);
    const a = x.rank < 2 ? x.reshape([1, x.size]) : x;
    const wide = tensor([...a.shape.slice(0, -2), columns, 1 + random.below(20)], random);
    const tall = tensor([rows, 1 + random.below(20)], random);
    return [tf.matMul(a, wide), tf.matMul(a, tall, true, false), tf.matMul(wide, a, true, true)];
  },
};

/** Fused kernels with their gradients: outputs and the gradients of sum(output * probe). */
const fused: {[name: string]: (x: tf.Tensor, random: Random) => [(x: tf.Tensor) => tf.Tensor, tf.Tensor]} = {
  gelu: (x) => [(y) => gelu(y), x],
  geluTanh: (x) => [(y) => gelu(y, true), x],
  embeddingLookup: (x, random) => {
    const table = x.reshape([-1, x.shape[x.rank - 1]]);
    const tokens = tf.tensor1d(
      Array.from({length: 9}, () => random.below(table.shape[0])),
      'int32',
    );
    return [(y) => embeddingLookup(y, tokens), table];
  },
  rotary: (_, random) => {
    const x = tensor([2, 3, 5, 6], random);
    const tables = rotaryTables([0, 1, 2, 3, 4], [1, 0.5, 0.1]);
    return [(y) => tf.stack([rotaryEmbedding(y, tables), rotaryEmbedding(y, tables, 'halves')]), x];
  },
};

const values = (result: tf.Tensor | tf.Tensor[]) =>
  [result].flat().map((x) => ({shape: x.shape, dtype: x.dtype, values: [...x.dataSync()]}));

/** What an operation gives on each of the two backends. */
async function onBoth(compute: () => tf.Tensor | tf.Tensor[]) {
  const results = [];
  for (const backend of ['cpu', 'simd']) {
    await tf.setBackend(backend);
    results.push(
      tf.tidy(() => values(compute()) as unknown as tf.TensorContainer) as unknown as ReturnType<typeof values>,
    );
  }
  return {expected: results[0], actual: results[1]};
}

function expectSame({expected, actual}: Awaited<ReturnType<typeof onBoth>>, tolerance: number): void {
  expect(actual.map(({shape, dtype}) => [shape, dtype])).toEqual(expected.map(({shape, dtype}) => [shape, dtype]));
  for (const [i, {values: wanted}] of expected.entries()) {
    const largest = wanted.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 1);
    wanted.forEach((value, j) => {
      const got = actual[i].values[j];
      if (Number.isFinite(value))
        expect(Math.abs(got - value), `value ${j}: ${got}, not ${value}`).toBeLessThanOrEqual(tolerance * largest);
      else expect(got).toBe(value);
    });
  }
}

describe('kernels of the simd engine give what the cpu backend gives', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  const check = (property: (c: Case, random: Random) => () => tf.Tensor | tf.Tensor[], tolerance = 1e-6) =>
    fc.assert(
      fc.asyncProperty(cases, async (c) => {
        // Drawn anew on each backend, from the same seed.
        expectSame(await onBoth(() => property(c, new Random(c.seed, 'kernels'))()), tolerance);
      }),
      {numRuns: 25},
    );

  it.each(Object.keys(onValues))('%s', (name) =>
    check(
      ({shape}, random) =>
        () =>
          onValues[name](tensor(shape, random, true)),
    ),
  );

  it.each(Object.keys(onPairs))('%s, with broadcasting', (name) =>
    check(({shape}, random) => () => {
      const [a, b] = [shape, broadcastable(shape, random)];
      const floats = onPairs[name](tensor(a, random, true), tensor(b, random, true));
      const whole = name === 'div' ? [] : [onPairs[name](integers(b, random), integers(a, random))];
      return [floats, ...whole];
    }),
  );

  it.each(Object.keys(onShapes))('%s', (name) =>
    check(
      ({shape}, random) =>
        () =>
          onShapes[name](tensor(shape, random), random),
      1e-5,
    ),
  );

  it.each(Object.keys(fused))('%s, fused, with its gradient', (name) =>
    check(
      ({shape}, random) =>
        () => {
          const usable = [...shape.filter((length) => length > 0).slice(0, 2), 1 + random.below(12)];
          const [f, x] = fused[name](tensor(usable, random), random);
          const probe = tensor(f(x).shape, random);
          const gradient = tf.grad((y) => f(y).mul(probe).sum())(x);
          return [f(x), gradient];
        },
      2e-5,
    ),
  );
});
