import * as tf from '@tensorflow/tfjs';
import {attention, Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type FavorOptions, type FeatureKind, type LinearMemory, layers, ops} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  heads: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 17}),
  size: fc.integer({min: 1, max: 6}),
  numFeatures: fc.integer({min: 1, max: 9}),
  chunkSize: fc.integer({min: 1, max: 7}),
  features: fc.constantFrom<FeatureKind>('softmax', 'relu', 'elu', 'none'),
  spread: fc.constantFrom<number>(0.5, 2, 30),
  seed: fc.nat(),
});
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

const normal = (shape: number[], random: Random, scale = 1) =>
  tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => scale * random.normal()),
    shape,
  );

function headsOf({batch, heads, time, size, numFeatures, spread, seed}: Shape) {
  const random = new Random(seed, 'favor');
  const [q, k, v] = [spread, spread, 1].map((scale) => normal([batch, heads, time, size], random, scale));
  return {q, k, v, projection: ops.orthogonalProjection(numFeatures, size, {seed: random})};
}

const optionsOf = ({features, chunkSize}: Shape, projection: tf.Tensor): FavorOptions => ({
  projection,
  features,
  chunkSize,
});

const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

const firsts = (x: tf.Tensor, count: number, start = 0) => x.slice([0, 0, start, 0], [-1, -1, count, -1]);

const check = (run: (shape: Shape) => void, numRuns = 40) =>
  fc.assert(
    fc.property(shapes, (shape) => {
      tf.tidy(() => run(shape));
    }),
    {numRuns},
  );

/** What causal attention is by its definition: each position by exponentials relative to the largest key so far, in doubles. */
function bruteForce({q, k, v, projection}: ReturnType<typeof headsOf>, features: FeatureKind): number[][][][] {
  const [Q, K, V] = [q, k, v].map((x) => x.arraySync() as number[][][][]);
  const P = projection.arraySync() as number[][];
  const d = q.shape[3] as number;
  const c = features === 'none' ? 1 : d ** -0.25;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const scaled = (x: number[]) => x.map((value) => c * value);
  const u = (x: number[]) => P.map((row) => dot(row, scaled(x)));
  const D = (x: number[]) => dot(scaled(x), scaled(x)) / 2;
  const plain = {relu: (x: number) => Math.max(0, x), elu: (x: number) => (x > 0 ? x + 1 : Math.exp(x))};
  const row = (qs: number[], keys: number[][], values: number[][]): number[] => {
    let φq: number[];
    let φk: number[][];
    let rest = 1e-6;
    if (features === 'softmax') {
      const most = Math.max(...u(qs));
      φq = u(qs).map((value) => Math.exp(value - D(qs) - most) + 1e-4);
      const M = Math.max(...keys.flatMap(u));
      φk = keys.map((key) => u(key).map((value) => Math.exp(value - D(key) - M) + 1e-4));
      rest *= Math.sqrt(P.length);
    } else if (features === 'none') {
      const exponentials = qs.map((value) => Math.exp(value - Math.max(...qs)));
      φq = exponentials.map((value) => value / exponentials.reduce((a, b) => a + b));
      φk = keys.map((key) => key.map(Math.exp));
    } else {
      const f = plain[features as keyof typeof plain];
      φq = u(qs).map((value) => f(value) + 1e-3);
      φk = keys.map((key) => u(key).map((value) => f(value) + 1e-3));
    }
    const weights = φk.map((key) => dot(φq, key));
    const total = weights.reduce((a, b) => a + b) + rest * φq.reduce((a, b) => a + b);
    return values[0].map((_, i) => weights.reduce((sum, weight, j) => sum + weight * values[j][i], 0) / total);
  };
  return Q.map((heads, b) =>
    heads.map((rows, h) => rows.map((qs, t) => row(qs, K[b][h].slice(0, t + 1), V[b][h].slice(0, t + 1)))),
  );
}

describe('favorAttention, causal', () => {
  it('is its definition, position by position, in any chunks', () => {
    check((shape) => {
      const heads = headsOf(shape);
      const options = {...optionsOf(shape, heads.projection), causal: true};
      const expected = tf.tensor(bruteForce(heads, shape.features));
      expect(distance(ops.favorAttention(heads.q, heads.k, heads.v, options), expected)).toBeLessThan(2e-4);
    });
  });

  it('gives the same in any pieces, and remembers the same', () => {
    check((shape) => {
      const {q, k, v, projection} = headsOf(shape);
      const options = optionsOf(shape, projection);
      const whole = ops.favorAdvance(q, k, v, null, options);
      let memory: LinearMemory | null = null;
      const outputs: tf.Tensor[] = [];
      for (let start = 0, i = 1; start < shape.time; i++) {
        const count = Math.min(1 + (i % 4), shape.time - start);
        const [a, b, c] = [q, k, v].map((x) => firsts(x, count, start));
        const step = ops.favorAdvance(a, b, c, memory, options);
        outputs.push(step.output);
        memory = step.memory;
        start += count;
      }
      expect(distance(tf.concat(outputs, 2), whole.output)).toBeLessThan(1e-4);
      const largest = 1 + whole.memory.sums.abs().max().dataSync()[0];
      expect(distance((memory as LinearMemory).sums, whole.memory.sums) / largest).toBeLessThan(1e-5);
    });
  });

  it('does not change what is before a key, however far that is above all others', () => {
    for (const features of ['softmax', 'none', 'relu'] as const)
      tf.tidy(() => {
        const shape = {batch: 1, heads: 2, time: 12, size: 4, numFeatures: 6, chunkSize: 5, spread: 1, seed: 3};
        const {q, k, v, projection} = headsOf({...shape, features});
        const run = (keys: tf.Tensor) =>
          ops.favorAttention(q, keys, v, {projection, features, causal: true, chunkSize: 5});
        const before = run(k);
        for (const size of [1, 1e2, 1e4]) {
          const later = tf.concat([firsts(k, 7), firsts(k, 5, 7).mul(size)], 2);
          const after = run(later);
          expect(after.isFinite().all().dataSync()[0]).toBe(1);
          expect(firsts(after, 7).arraySync()).toEqual(firsts(before, 7).arraySync());
        }
      });
  });

  it('lets the future leak in the form of the widely used implementation, as its name says', () => {
    tf.tidy(() => {
      const shape = {batch: 1, heads: 1, time: 8, size: 4, numFeatures: 6, chunkSize: 3, spread: 2, seed: 1};
      const {q, k, v, projection} = headsOf({...shape, features: 'softmax'});
      const run = (keys: tf.Tensor) =>
        firsts(ops.favorAttention(q, keys, v, {projection, causal: true, stabilizer: 'sequence'}), 4);
      const large = projection.slice([0, 0], [1, -1]).reshape([1, 1, 1, 4]).mul(6);
      expect(distance(run(tf.concat([firsts(k, 7), large], 2)), run(k))).toBeGreaterThan(1e-4);
    });
  });

  it('has the gradient of its definition', () => {
    tf.tidy(() => {
      const shape = {batch: 1, heads: 1, time: 6, size: 3, numFeatures: 4, chunkSize: 4, spread: 0.7, seed: 5};
      for (const features of ['softmax', 'relu', 'none'] as const) {
        const {q, k, v, projection} = headsOf({...shape, features});
        const weigh = normal([1, 1, 6, 3], new Random(2, 'weigh'));
        const loss = (chunkSize: number) => (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
          ops.favorAttention(a, b, c, {projection, features, causal: true, chunkSize}).mul(weigh).sum() as tf.Scalar;
        const [inChunks, whole] = [2, 6].map((chunkSize) => tf.grads(loss(chunkSize))([q, k, v]));
        for (const [i, gradient] of inChunks.entries()) expect(distance(gradient, whole[i])).toBeLessThan(1e-5);
      }
    });
  });
});

describe('favorAttention, both ways', () => {
  it('sees nothing of padding, wherever it stands', () => {
    check((shape) => {
      const {q, k, v, projection} = headsOf(shape);
      const {batch, heads, size} = shape;
      const noise = tf.fill([batch, heads, 3, size], 7);
      const mask = tf.concat([tf.zeros([batch, 3]), tf.ones([batch, shape.time])], 1);
      for (const causal of [false, true]) {
        const options = {...optionsOf(shape, projection), causal};
        const padded = [q, k, v].map((x) => tf.concat([noise, x], 2));
        const output = ops.favorAttention(padded[0], padded[1], padded[2], {...options, mask});
        expect(output.isFinite().all().dataSync()[0]).toBe(1);
        const alone = ops.favorAttention(q, k, v, options);
        expect(distance(firsts(output, shape.time, 3), alone)).toBeLessThan(1e-4);
      }
    });
  });

  it('gives 0 where all is padding', () => {
    check((shape) => {
      const {q, k, v, projection} = headsOf(shape);
      const mask = tf.zeros([shape.batch, shape.time]);
      for (const causal of [false, true]) {
        const output = ops.favorAttention(q, k, v, {...optionsOf(shape, projection), causal, mask});
        expect(output.abs().max().dataSync()[0]).toBe(0);
      }
    }, 15);
  });

  it('comes closer to softmax attention with more features, and orthogonal ones are closer than independent ones', () => {
    tf.tidy(() => {
      const [time, size] = [64, 16];
      const random = new Random(4, 'closer');
      const [q, k] = [0, 1].map(() => normal([1, 1, time, size], random, 0.4));
      const v = normal([1, 1, time, size], random);
      const exact = attention(q, k, v).output;
      const errorOf = (projections: tf.Tensor[]) => {
        const errors = projections.map(
          (projection) => ops.favorAttention(q, k, v, {projection}).sub(exact).square().mean().dataSync()[0],
        );
        return errors.reduce((a, b) => a + b) / errors.length;
      };
      const draws = 12;
      const orthogonal = (m: number) =>
        errorOf(Array.from({length: draws}, (_, seed) => ops.orthogonalProjection(m, size, {seed})));
      const independent = errorOf(Array.from({length: draws}, () => normal([16, size], random)));
      const errors = [16, 64, 256].map(orthogonal);
      expect(errors[1]).toBeLessThan(errors[0] / 2);
      expect(errors[2]).toBeLessThan(errors[1] / 2);
      expect(errors[0]).toBeLessThan(independent);
    });
  });
});

describe('a layer with a source', () => {
  it('takes what is padding there from its inputs and from options alike', () => {
    const layer = layers.performerAttention({numHeads: 2, rotary: false, numFeatures: 8});
    tf.tidy(() => {
      const [x, source] = [
        tf.randomNormal([1, 3, 8], 0, 1, 'float32', 1),
        tf.randomNormal([1, 5, 8], 0, 1, 'float32', 2),
      ];
      const mask = tf.tensor2d([[1, 1, 1, 0, 0]]);
      const cut = (layer.apply([x, source.slice([0, 0, 0], [1, 3, 8])]) as tf.Tensor).dataSync();
      const given = [layer.apply([x, source, mask]), layer.apply([x, source], {attentionMask: mask})] as tf.Tensor[];
      for (const output of given)
        for (const [i, value] of output.dataSync().entries()) expect(Math.abs(value - cut[i])).toBeLessThan(1e-5);
      expect(() => layer.apply([x, source, tf.ones([1, 4])])).toThrow(/the mask \[1,4\] must have the shape/);
    });
    layer.dispose();
  });
});
