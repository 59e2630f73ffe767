import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {GoldenCase} from '../src/golden-case';
import {type Kinds, runCase} from '../src/run-case';
import {floats, integers, type MadeUpCase, temporaryFolder, writeCase} from './made-up';

const kinds: Kinds = {
  double: (golden) => {
    const x = golden.input('x');
    return {
      'output.y': x.mul(2),
      'output.greedy': async () => tf.tensor1d([4, 5], 'int32'),
      'grad.input': () => tf.fill(x.shape, 2),
      'output.broken': () => {
        throw new RangeError('no such\nrow');
      },
      'output.not stored': () => {
        throw new Error('must not be called');
      },
    };
  },
};

const expected = {'input.x': floats([1, 2]), 'output.y': floats([2, 4])};
const run = (content: MadeUpCase, name = 'case') =>
  runCase(new GoldenCase(writeCase(temporaryFolder(), name, content), 'rwkv'), kinds);

describe('runCase', () => {
  it('passes when all that is stored is computed, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const stored = {...expected, 'output.greedy': integers([4, 5]), 'grad.input': floats([2, 2])};
    expect(await run({expected: stored})).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives a line with case, tensor, error and tolerance for each tensor that is wrong', async () => {
    const stored = {
      'input.x': floats([1, 2]),
      'output.y': floats([2, 4.4]),
      'output.greedy': integers([4, 6]),
      'grad.input': floats([2, 2]),
    };
    expect((await run({expected: stored}, 'off')).sort()).toEqual([
      'rwkv/off: output.greedy: value 1 is 5 instead of 6',
      'rwkv/off: output.y: largest relative error 9.1e-2, tolerance 0.00001',
    ]);
    expect(await run({expected, description: {tolerance: {output: 0.1}}})).toEqual([]);
  });

  it('fails for a stored tensor that the kind does not compute', async () => {
    expect(await run({expected: {...expected, 'state.k0': floats([1])}})).toEqual([
      'rwkv/case: state.k0: is stored, but the kind "double" does not compute it',
    ]);
    expect(await run({expected: {...expected, toString: floats([1])}})).toHaveLength(1);
  });

  it('fails for a kind that is not there', async () => {
    const failures = await run({expected, description: {kind: 'triple'}});
    expect(failures).toEqual(['rwkv/case: the kind "triple" is unknown; known are double']);
    expect(await run({expected, description: {kind: 'constructor'}})).toHaveLength(1);
  });

  it('gives one line for what throws, and goes on with the other tensors', async () => {
    const broken = {'input.x': floats([1, 2]), 'output.broken': floats([0]), 'output.y': floats([9, 9])};
    expect(await run({expected: broken})).toEqual([
      'rwkv/case: output.broken: throws RangeError: no such row',
      'rwkv/case: output.y: largest relative error 7.8e-1, tolerance 0.00001',
    ]);
    const withoutInput = await run({expected: {'output.y': floats([2, 4])}});
    expect(withoutInput).toEqual([expect.stringMatching(/^rwkv\/case: throws Error: .*no tensor "input.x"$/)]);
  });

  it('frees the variables of models that a kind makes', async () => {
    const directory = writeCase(temporaryFolder(), 'model', {expected: {'output.y': floats([0, 0])}});
    const golden = new GoldenCase(directory, 'rwkv');
    const before = tf.memory().numTensors;
    const model: Kinds = {
      double: async () => {
        const variable = tf.variable(tf.zeros([2]));
        await Promise.resolve();
        return {'output.y': variable.mul(2)};
      },
    };
    expect(await runCase(golden, model)).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
