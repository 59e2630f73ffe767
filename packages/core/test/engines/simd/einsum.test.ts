import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {randomTensor, resultsOf} from './backends';

interface Case {
  equation: string;
  sizes: number[];
  seed: number;
}

const labels = [...'abcde'];

/** Labels of a term, each once, in any order. */
const term = fc.shuffledSubarray(labels);

const equations = fc.tuple(fc.array(term, {minLength: 1, maxLength: 2}), fc.nat()).map(([terms, seed]) => {
  const known = labels.filter((label) => terms.some((x) => x.includes(label)));
  const random = new Random(seed, 'equation');
  const output = random.shuffle(known).slice(0, random.below(known.length + 1));
  return `${terms.map((x) => x.join('')).join()}->${output.join('')}`;
});

const cases = fc.record<Case>({
  equation: equations,
  sizes: fc.array(fc.integer({min: 1, max: 4}), {minLength: labels.length, maxLength: labels.length}),
  seed: fc.nat(),
});

/** The definition: for every index of every label, the product of the terms is added to the output. */
function definition(equation: string, tensors: tf.Tensor[], sizes: Map<string, number>): number[] {
  const [inputs, output] = equation.split('->');
  const terms = inputs.split(',');
  const names = labels.filter((label) => inputs.includes(label));
  const shapeOf = (x: string) => [...x].map((label) => sizes.get(label) as number);
  const result: number[] = Array(tf.util.sizeFromShape(shapeOf(output))).fill(0);
  const values = tensors.map((x) => x.dataSync());
  const whole = shapeOf(names.join(''));
  for (let i = 0; i < tf.util.sizeFromShape(whole); i++) {
    const place = tf.util.indexToLoc(i, whole.length, tf.util.computeStrides(whole));
    const flat = (x: string) => [...x].reduce((n, c) => n * (sizes.get(c) as number) + place[names.indexOf(c)], 0);
    result[flat(output)] += terms.reduce((product, x, t) => product * values[t][flat(x)], 1);
  }
  return result;
}

describe('einsum on the simd engine', () => {
  beforeAll(async () => {
    await setThreads(2);
    await tf.setBackend('simd');
  });

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('is the sum of products that the equation says, and leaves no tensor behind', () => {
    fc.assert(
      fc.property(cases, ({equation, sizes, seed}) => {
        const random = new Random(seed, 'einsum');
        const sizeOf = new Map(labels.map((label, i) => [label, sizes[i]]));
        const [inputs, output] = equation.split('->');
        const shapeOf = (x: string) => [...x].map((label) => sizeOf.get(label) as number);
        const tensors = inputs.split(',').map((x) => randomTensor(shapeOf(x), random));
        const before = tf.memory();
        const [actual] = resultsOf(() => tf.einsum(equation, ...tensors));
        expect(tf.memory()).toEqual(before);
        expect(actual.shape).toEqual(shapeOf(output));
        const expected = definition(equation, tensors, sizeOf);
        for (const [i, value] of expected.entries()) expect(actual.values[i]).toBeCloseTo(value, 3);
        tf.dispose(tensors);
      }),
      {numRuns: 200},
    );
  });

  it('has the gradients of the same products written out', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new Random(seed, 'gradients');
        const tensor = (...shape: number[]) => randomTensor(shape, random);
        const compare = (equation: string, written: (...x: tf.Tensor[]) => tf.Tensor, ...tensors: tf.Tensor[]) => {
          const probe = randomTensor(written(...tensors).shape, random);
          const gradients = (f: (...x: tf.Tensor[]) => tf.Tensor) =>
            tf
              .grads((...x) =>
                f(...x)
                  .mul(probe)
                  .sum(),
              )(tensors)
              .map((x) => [...x.dataSync()]);
          const [actual, expected] = [gradients((...x) => tf.einsum(equation, ...x)), gradients(written)];
          for (const [i, values] of expected.entries())
            for (const [j, value] of values.entries()) expect(actual[i][j]).toBeCloseTo(value, 4);
        };
        tf.tidy(() => {
          compare('ij,jk->ik', (a, b) => tf.matMul(a, b), tensor(3, 4), tensor(4, 5));
          compare('bhid, bhjd -> bhij', (a, b) => tf.matMul(a, b, false, true), tensor(2, 2, 3, 4), tensor(2, 2, 5, 4));
          compare('i,i->', (a, b) => a.mul(b).sum(), tensor(6), tensor(6));
          compare('ij->j', (a) => a.sum(0), tensor(3, 4));
          compare('ij,k->k', (a, b) => b.mul(a.sum()), tensor(3, 4), tensor(5));
          compare('ij->ji', (a) => a.transpose(), tensor(3, 4));
        });
      }),
      {numRuns: 5},
    );
  });
});
