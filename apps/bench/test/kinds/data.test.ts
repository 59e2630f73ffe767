import * as tf from '@tensorflow/tfjs';
import type {Batch} from '@variants/train';
import {describe, expect, it} from 'vitest';
import {comparedKinds, kindData} from '../../src/kinds/data';

const options = {text: 'moby-dick', sequenceLength: 16, seed: 1};

/** Inputs and targets of some examples, as numbers. */
function read({inputs, targets}: Batch): {inputs: number[]; targets: number[]} {
  const values = [inputs].flat().flatMap((input) => [...input.dataSync()]);
  const read = {inputs: values, targets: [...targets.dataSync()]};
  tf.dispose([inputs, targets]);
  return read;
}

describe.each(comparedKinds)('the data of a %s', (kind) => {
  it('is for that kind, the same for a seed, and another for validation', async () => {
    const [data, again] = [await kindData[kind](options), await kindData[kind](options)];
    for (const source of [data.training, data.validation]) expect(source.kinds).toEqual([kind]);
    expect(data.training.numExamples).toBe(Infinity);
    expect(Number.isFinite(data.validation.numExamples)).toBe(true);
    const some = read(data.validation.batch(0, 4, 0));
    expect(read(again.validation.batch(0, 4, 0))).toEqual(some);
    expect(read(data.training.batch(0, 4, 0))).not.toEqual(some);
  });
});

it('of sequences that stand backwards has as many of both', async () => {
  const {validation} = await kindData['sequence-classifier'](options);
  const {targets} = read(validation.batch(0, 100, 0));
  expect(targets.filter((label) => label === 1)).toHaveLength(50);
});
