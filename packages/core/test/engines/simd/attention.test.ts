import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {type AttentionOptions, attention} from '../../../src/kernels/attention';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  keyHeads: number;
  group: number;
  queries: number;
  keys: number;
  size: number;
  valueSize: number;
  causal: boolean;
  window: number | null;
  sinks: number;
  keyLength: number | null;
  mask: 'none' | 'bool' | 'int32' | 'float32';
  bias: boolean;
  seed: number;
}

const cases = fc.record<Case>({
  batch: fc.integer({min: 1, max: 2}),
  keyHeads: fc.integer({min: 1, max: 2}),
  group: fc.integer({min: 1, max: 3}),
  // Few queries go another way.
  queries: fc.oneof(fc.integer({min: 1, max: 9}), fc.integer({min: 10, max: 70})),
  keys: fc.integer({min: 1, max: 200}),
  size: fc.integer({min: 1, max: 19}),
  valueSize: fc.integer({min: 1, max: 19}),
  causal: fc.boolean(),
  window: fc.option(fc.integer({min: 1, max: 90})),
  sinks: fc.oneof(fc.constant(0), fc.integer({min: 1, max: 70})),
  keyLength: fc.option(fc.integer({min: 0, max: 200})),
  mask: fc.constantFrom('none', 'none', 'bool', 'int32', 'float32'),
  bias: fc.boolean(),
  seed: fc.nat(),
});

const plain: Case = {
  ...{batch: 1, keyHeads: 1, group: 1, queries: 1, keys: 1, size: 8, valueSize: 8, bias: false, seed: 1},
  ...{causal: true, window: null, sinks: 0, keyLength: null, mask: 'none'},
};

/** A case's queries, keys and values, and the options of its call. */
function inputsOf(c: Case): {tensors: tf.Tensor[]; options: AttentionOptions} {
  const random = new Random(c.seed, 'attention');
  const heads = c.keyHeads * c.group;
  const tensors = [
    randomTensor([c.batch, heads, c.queries, c.size], random),
    randomTensor([c.batch, c.keyHeads, c.keys, c.size], random),
    randomTensor([c.batch, c.keyHeads, c.keys, c.valueSize], random),
  ];
  const allowed = randomTensor(c.seed % 2 ? [c.batch, 1, 1, c.keys] : [c.queries, c.keys], random).greater(-0.5);
  if (c.bias) tensors.push(randomTensor(c.seed % 3 ? [heads, c.queries, c.keys] : [heads, 1, 1], random));
  const options: AttentionOptions = {
    causal: c.causal,
    ...(c.causal && c.window !== null && {window: c.window, sinks: c.sinks}),
    ...(c.keyLength !== null && {keyLength: tf.scalar(c.keyLength, 'int32')}),
    ...(c.mask !== 'none' && {mask: allowed.cast(c.mask)}),
  };
  return {tensors, options};
}

/** Outputs and gradients of a case on the backend that is active. */
function compute(c: Case): tf.Tensor[] {
  const {tensors, options} = inputsOf(c);
  const random = new Random(c.seed, 'probe');
  const run = ([q, k, v, bias]: tf.Tensor[]) => attention(q, k, v, {...options, bias});
  const {output, logSumExp} = run(tensors);
  const [probe, probeLogSumExp] = [output, logSumExp].map((x) => randomTensor(x.shape, random));
  const loss = (...tensors: tf.Tensor[]) => {
    const {output, logSumExp} = run(tensors);
    const finite = tf.where(logSumExp.isFinite(), logSumExp, tf.zerosLike(logSumExp));
    return output.mul(probe).sum().add(finite.mul(probeLogSumExp).sum()) as tf.Scalar;
  };
  return [output, logSumExp, ...tf.grads(loss)(tensors)];
}

const forward = (c: Case): tf.Tensor[] => {
  const {tensors, options} = inputsOf(c);
  const [q, k, v, bias] = tensors;
  const {output, logSumExp} = attention(q, k, v, {...options, bias});
  return [output, logSumExp];
};

describe('attention on the simd engine', () => {
  beforeAll(async () => {
    await tf.setBackend('simd');
  });

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('gives what the reference gives, with all gradients', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => expectSame(await onBoth(() => compute(c)), 2e-5)),
      {numRuns: 80},
    );
  });

  it('gives what the reference gives for one query and any number of keys up to 70', async () => {
    for (let keys = 1; keys <= 70; keys++) {
      const c: Case = {...plain, keyHeads: 2, group: 2, keys: 70, keyLength: keys, window: 40, sinks: 3, seed: keys};
      expectSame(await onBoth(() => [...forward({...c, keys, keyLength: null, window: null}), ...forward(c)]), 1e-5);
    }
  });

  it('gives what the reference gives for any number of queries up to 70', async () => {
    for (let queries = 1; queries <= 70; queries++)
      expectSame(await onBoth(() => forward({...plain, queries, keys: queries, size: 5, seed: queries})), 1e-5);
  });

  it('gives the same bits with one thread and with several', async () => {
    const long: Case = {...plain, batch: 2, keyHeads: 2, group: 2, queries: 150, keys: 300, size: 16, valueSize: 16};
    const variants: Case[] = [
      long,
      {...long, batch: 1, keyHeads: 1, window: 70, sinks: 5},
      {...long, queries: 1, keys: 900, keyLength: 777, size: 64},
      // Fewer key heads than threads, whose queries are shared among these.
      {...long, batch: 1, keyHeads: 1, group: 5, queries: 1},
      {...long, batch: 1, keyHeads: 1, group: 5, queries: 3, keyLength: 250, window: 70, sinks: 5},
    ];
    const onThreads = async (threads: number) => {
      await setThreads(threads);
      return variants.map((c) => resultsOf(() => compute(c)));
    };
    const onSeveral = [await onThreads(3), await onThreads(2)];
    const onOne = await onThreads(1);
    for (const results of onSeveral) expect(results).toEqual(onOne);
  });

  it('a key outside of the window and the sinks changes nothing', () => {
    for (const queries of [1, 64])
      tf.tidy(() => {
        const {tensors, options} = inputsOf({...plain, queries, keys: 400, window: 50, sinks: 2});
        const [q, k, v] = tensors;
        const index = tf.range(0, 400);
        // The first of the last 64 queries sees the keys from 287 on; products go by eights. NaN times 0 would be NaN.
        const far = index.greater(7).logicalAnd(index.less(280)).expandDims(1);
        const run = (value: number) =>
          resultsOf(() => {
            const [keys, values] = [k, v].map((x) => tf.where(far, tf.fill(x.shape, value), x));
            const op = (...[q, k, v]: tf.Tensor[]) => attention(q, k, v, options).output;
            return [op(q, keys, values), ...tf.grads((q, k, v) => op(q, k, v))([q, keys, values])];
          });
        expect(run(Number.NaN)).toEqual(run(0));
      });
  });

  it('reads the key length when the job runs: a buffer that grows, at the same addresses', () => {
    for (const queries of [1, 20])
      tf.tidy(() => {
        const {tensors, options} = inputsOf({...plain, queries, keyHeads: 2, group: 2, keys: 100, keyLength: 0});
        const [q, k, v] = tensors;
        const keyLength = options.keyLength as tf.Tensor;
        const backend = tf.backend() as unknown as {values(x: tf.Tensor): Int32Array};
        const run = (options: AttentionOptions, length: number) =>
          resultsOf(() => {
            const [keys, values] = [k, v].map((x) => x.slice([0, 0, 0, 0], [1, 2, length, 8]));
            return attention(q, keys, values, options).output;
          });
        for (const length of [1, 63, 64, 65, 100]) {
          backend.values(keyLength)[0] = length;
          expect(run({causal: true, keyLength}, 100)).toEqual(run({causal: true}, length));
        }
      });
  });

  it('takes no memory that grows with the keys for one query', () => {
    tf.tidy(() => {
      const {tensors, options} = inputsOf({...plain, keys: 5000});
      const [q, k, v] = tensors;
      const memory = (tf.backend() as unknown as {memoryBlocks: {allocate(bytes: number): number}}).memoryBlocks;
      const allocated: number[] = [];
      const allocate = memory.allocate;
      memory.allocate = (bytes) => {
        allocated.push(bytes);
        return allocate.call(memory, bytes);
      };
      attention(q, k, v, options);
      memory.allocate = allocate;
      expect(allocated).toEqual([4 * 8, 4]);
    });
  });

  it('stays exact where scores are in the hundreds', () => {
    for (const queries of [2, 12])
      tf.tidy(() => {
        const q = tf.eye(queries).mul(300).expandDims(0).expandDims(0);
        const v = tf.range(0, 2 * queries).reshape([1, 1, queries, 2]);
        const {output, logSumExp} = attention(q, q, v, {scale: 1});
        expect([...output.dataSync()]).toEqual([...v.dataSync()]);
        expect([...logSumExp.dataSync()]).toEqual(Array(queries).fill(90000));
      });
  });

  it('passes on NaN in the rows that it belongs to, for few and many queries', () => {
    for (const queries of [2, 12])
      tf.tidy(() => {
        const x = tf.ones([1, 1, queries, 4]);
        const q = tf.concat([x.slice([0, 0, 0, 0], [1, 1, queries - 1, 4]), tf.fill([1, 1, 1, 4], Number.NaN)], 2);
        const {output, logSumExp} = attention(q, x, x, {causal: true});
        const isNaNs = [...logSumExp.dataSync()].map(Number.isNaN);
        expect(isNaNs).toEqual([...Array(queries - 1).fill(false), true]);
        expect([...output.slice([0, 0, queries - 1, 0]).dataSync()]).toEqual(Array(4).fill(Number.NaN));
        expect([...output.slice([0, 0, 0, 0], [1, 1, 1, 4]).dataSync()]).toEqual([1, 1, 1, 1]);
      });
  });
});
