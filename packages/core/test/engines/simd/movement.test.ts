import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

type NumericType = 'float32' | 'int32' | 'bool';

interface Case {
  shape: number[];
  dtype: NumericType;
  seed: number;
}

/** Up to five axes, also of length 0 and 1, and lengths that no vector divides. */
const cases = fc.record<Case>({
  shape: fc.array(fc.oneof({weight: 9, arbitrary: fc.integer({min: 1, max: 6})}, fc.constantFrom(0, 17, 37)), {
    minLength: 1,
    maxLength: 5,
  }),
  dtype: fc.constantFrom<NumericType>('float32', 'int32', 'bool'),
  seed: fc.nat(),
});

type Operation = (x: tf.Tensor, random: Random) => tf.Tensor | tf.Tensor[];

const indices = (shape: number[], length: number, random: Random) =>
  tf.tensor(
    Int32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.below(length)),
    shape,
    'int32',
  );

const operations: {[name: string]: Operation} = {
  transpose: (x, random) => tf.transpose(x, random.shuffle(x.shape.map((_, i) => i))),
  slice: (x, random) => {
    const begin = x.shape.map((length) => random.below(length + 1));
    const size = begin.map((first, axis) => random.below(x.shape[axis] - first + 1));
    return tf.slice(x, begin, size);
  },
  stridedSlice: (x, random) => {
    // tfjs's own kernel throws where all steps are 1 and the end lies before the begin.
    const steps = x.shape.map((_, axis) => [2, 3, -1, -2, 1, 1][random.below(axis === 0 ? 4 : 6)]);
    const edge = (length: number) => random.below(2 * length + 2) - length - 1;
    return tf.stridedSlice(x, x.shape.map(edge), x.shape.map(edge), steps, random.below(4), random.below(4));
  },
  split: (x, random) => {
    const axis = random.below(x.rank);
    const first = random.below(x.shape[axis] + 1);
    return tf.split(x, [first, x.shape[axis] - first], axis);
  },
  unstack: (x, random) => tf.unstack(x, random.below(x.rank)),
  reverse: (x, random) =>
    tf.reverse(
      x,
      x.shape.flatMap((_, axis) => (random.chance(0.5) ? [axis] : [])),
    ),
  concat: (x, random) => {
    const axis = random.below(x.rank);
    const shape = x.shape.map((length, i) => (i === axis ? random.below(4) : length));
    return tf.concat([x, randomTensor(shape, random, x.dtype as NumericType), x], axis);
  },
  stack: (x, random) => tf.stack([x, tf.reverse(x)], random.below(x.rank + 1)),
  pad: (x, random) =>
    tf.pad(
      x,
      x.shape.map((): [number, number] => [random.below(3), random.below(3)]),
      x.dtype === 'bool' ? 1 : 7,
    ),
  mirrorPad: (x, random) => {
    const mode = random.chance(0.5) ? 'reflect' : 'symmetric';
    const most = (length: number) => Math.max(0, mode === 'reflect' ? length - 1 : length);
    const paddings = x.shape.map((length): [number, number] => [
      random.below(most(length) + 1),
      random.below(most(length) + 1),
    ]);
    return x.rank > 4 || x.size === 0
      ? x.clone()
      : tf.mirrorPad(x as tf.Tensor4D, paddings as [number, number][], mode);
  },
  tile: (x, random) =>
    tf.tile(
      x,
      x.shape.map(() => random.below(4)),
    ),
  broadcastTo: (x, random) => {
    const shape = x.shape.map((length) => (length === 1 ? random.below(5) : length));
    return tf.broadcastTo(x, [2, ...shape] as [number]);
  },
  gather: (x, random) => {
    const axis = random.below(x.rank);
    if (x.shape[axis] === 0) return x.clone();
    return tf.gather(x, indices([2, 1 + random.below(5)], x.shape[axis], random), axis);
  },
  gatherInBatches: (x, random) => {
    if (x.rank < 2 || x.size === 0) return x.clone();
    const axis = 1 + random.below(x.rank - 1);
    return tf.gather(x, indices([x.shape[0], 3], x.shape[axis], random), axis, 1);
  },
  gatherND: (x, random) => {
    if (x.size === 0) return x.clone();
    const depth = 1 + random.below(x.rank);
    const columns = x.shape.slice(0, depth).map((length) => indices([2, 3], length, random));
    return tf.gatherND(x, tf.stack(columns, -1));
  },
  tensorScatterUpdate: (x, random) => {
    if (x.size === 0) return x.clone();
    const at = tf.tensor2d(random.shuffle(x.unstack().map((_, i) => [i])).slice(0, 3), undefined, 'int32');
    const updates = randomTensor([at.shape[0], ...x.shape.slice(1)], random, x.dtype as NumericType);
    return tf.tensorScatterUpdate(x, at, updates);
  },
  reshape: (x) => [x.flatten(), x.expandDims(0), x.expandDims(-1), x.squeeze(), x.clone()],
  depthToSpace: (_x, random) => {
    const block = 2 + random.below(2);
    const small = randomTensor([2, 1 + random.below(3), 1 + random.below(3), block * block * 3], random);
    return tf.depthToSpace(small as tf.Tensor4D, block);
  },
  spaceToBatch: (_, random) => {
    const x = randomTensor([2, 4, 6, 3], random);
    const there = tf.spaceToBatchND(
      x,
      [2, 3],
      [
        [1, 1],
        [2, 1],
      ],
    );
    return [
      there,
      tf.batchToSpaceND(
        there,
        [2, 3],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ];
  },
};

describe('data movement of the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it.each(Object.keys(operations))('%s gives what the cpu backend gives', (name) =>
    fc.assert(
      fc.asyncProperty(cases, async ({shape, dtype, seed}) => {
        const compute = () => {
          const random = new Random(seed, 'movement');
          return operations[name](randomTensor(shape, random, dtype), random);
        };
        expectSame(await onBoth(compute), 0);
      }),
      {numRuns: 40},
    ),
  );

  it('moves tensors that many pieces make up, with the same result for any number of threads', async () => {
    await tf.setBackend('simd');
    const moves = () => {
      const random = new Random(1, 'large');
      const x = randomTensor([3, 133, 70, 6], random);
      return [
        tf.transpose(x, [0, 2, 1, 3]),
        tf.transpose(x, [3, 1, 0, 2]),
        tf.transpose(x.reshape([399, 420])),
        tf.transpose(x.toBool(), [2, 0, 3, 1]),
        tf.reverse(x, [1, 3]),
        tf.pad(x, [
          [1, 0],
          [2, 3],
          [0, 1],
          [1, 1],
        ]),
        tf.gather(x.reshape([-1, 6]), indices([70000], 3 * 133 * 70, random)),
        tf.fill([1, 400], 7).tile([300, 1]),
      ];
    };
    await setThreads(1);
    const alone = resultsOf(moves);
    await setThreads(3);
    expect(resultsOf(moves)).toEqual(alone);
    const [first] = alone[0].values;
    const x = tf.tidy(() => [...randomTensor([3, 133, 70, 6], new Random(1, 'large')).dataSync()]);
    expect(first).toBe(x[0]);
    // The second of the transposed: value [a, b, c, d] of it is value [c, b, d, a] of x.
    const at = (c: number, b: number, d: number, a: number) => x[((c * 133 + b) * 70 + d) * 6 + a];
    const moved = alone[1].values;
    for (let i = 0; i < moved.length; i += 997) {
      const [a, b, c, d] = tf.util.indexToLoc(i, 4, [133 * 3 * 70, 3 * 70, 70]);
      expect(moved[i]).toBe(at(c, b, d, a));
    }
  });

  it('copies nothing where only the shape changes', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const x = tf.ones([1, 5, 1, 3]);
      const before = tf.memory().numDataBuffers;
      const views = [x.transpose([2, 1, 0, 3]), x.slice([0, 0, 0, 0], [1, 5, 1, 3]), x.tile([1, 1, 1, 1]), x.squeeze()];
      expect(tf.memory().numDataBuffers).toBe(before);
      x.dispose();
      for (const view of views) expect([...view.dataSync()]).toEqual(Array(15).fill(1));
    });
  });

  it('refuses indices out of range as tfjs does', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      expect(() => tf.gather([1, 2, 3], tf.tensor1d([1, 3], 'int32'))).toThrow(
        'GatherV2: the index value 3 is not in [0, 2]',
      );
      expect(() => tf.gatherND(tf.ones([2, 2]), tf.tensor2d([[2, 1]], [1, 2], 'int32'))).toThrow(
        'Invalid indices: 2,1 does not index into 2,2',
      );
      expect(() => tf.scatterND(tf.tensor2d([[4]], [1, 1], 'int32'), tf.ones([1]), [4])).toThrow(
        'Invalid indices: 4 does not index into 4',
      );
    });
  });
});
