import * as tf from '@tensorflow/tfjs';
import {EngineError, start} from '@variants/core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {evaluate, type TrainOptions, train} from '../../src/index';
import {training, validation} from '../sources';
import {type TinyModel, valuesOf, withTiny} from '../tiny-model';

interface Memory {
  readonly usedBytes: number;
  allocate(bytes: number, owner?: object): number;
}

const engineMemory = () => (tf.backend() as unknown as {memoryBlocks: Memory}).memoryBlocks;

beforeAll(() => start({engine: 'simd', threads: 1}));
afterAll(async () => {
  await tf.setBackend('cpu');
});

/** Runs something whose allocations fail from number `first` on; tells how many there were. */
async function failingFrom(first: number, run: () => Promise<void>): Promise<number> {
  const memory = engineMemory();
  const {allocate} = memory;
  let count = 0;
  memory.allocate = (...given) => {
    if (count++ >= first) throw new EngineError('no memory');
    return allocate.apply(memory, given);
  };
  try {
    await run();
  } finally {
    memory.allocate = allocate;
  }
  return count;
}

/** Makes something fail at places all over it, each time with a model as it was. */
async function failsEverywhere(run: (model: TinyModel) => Promise<void>): Promise<void> {
  await withTiny({}, async (model) => {
    const weights = model.getWeights().map((weight) => weight.clone());
    const fresh = async () => {
      model.setWeights(weights);
      await run(model);
    };
    await fresh();
    const expected = valuesOf(model);
    const count = await failingFrom(Number.POSITIVE_INFINITY, fresh);
    const inUse = () => {
      model.setWeights(weights);
      return {...tf.memory(), used: engineMemory().usedBytes};
    };
    const before = inUse();
    for (let first = 0; first < count; first += Math.ceil(count / 20)) {
      await expect(failingFrom(first, () => run(model))).rejects.toThrow('no memory');
      expect(inUse(), `at ${first} of ${count}`).toEqual(before);
    }
    await fresh();
    expect(valuesOf(model)).toEqual(expected);
    tf.dispose(weights);
  });
}

describe('without memory', () => {
  const options: TrainOptions = {steps: 3, batchSize: 4, learningRate: 0.1};
  const forms: {[form: string]: TrainOptions} = {
    'a training': {},
    'one in pieces': {accumulate: 2},
    'one that computes layers twice': {gradientCheckpointing: true},
    'one with validation': {validation, validateEvery: 2},
  };
  it.each(Object.entries(forms))('%s leaves nothing behind', (_, form) =>
    failsEverywhere(async (model) => {
      for await (const _step of train(model, training, {...options, ...form}));
    }),
  );

  it.each(['window', 'stream'] as const)('an evaluation by %ss leaves nothing behind', (convention) =>
    failsEverywhere(async (model) => {
      await evaluate(model, validation, {convention, batchSize: 4});
    }),
  );
});
