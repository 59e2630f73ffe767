import * as tf from '@tensorflow/tfjs';
import {setThreads} from '@variants/core/simd';
import {afterAll, describe, expect, it} from 'vitest';
import {formatProfile, profileTraining} from '../../src/engine/profile';
import {tinySizes} from '../../src/engine/tasks/cases';

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('profileTraining', () => {
  it('counts what a step calls, and its times add up to the step', async () => {
    const shares = await profileTraining(tinySizes, 1);
    const [step, between] = [...shares].reverse();
    expect([step.name, between.name]).toEqual(['step', 'between kernels']);
    const kernels = shares.slice(0, -2);
    // One layer: its attention once forward and once back; all weights in one step of AdamW.
    for (const name of ['Attention', 'AttentionGradient', 'AdamWStep'])
      expect(kernels.find((share) => share.name === name)?.calls, name).toBe(1);
    const sum = [...kernels, between].reduce((total, {milliseconds}) => total + milliseconds, 0);
    expect(sum).toBeCloseTo(step.milliseconds, 6);
    const order = kernels.map(({milliseconds}) => milliseconds);
    expect(order).toEqual([...order].sort((a, b) => b - a));
  });
});

describe('formatProfile', () => {
  it('puts together what is less than a hundredth', () => {
    const share = (name: string, calls: number, milliseconds: number) => ({name, calls, milliseconds});
    const shares = [share('A', 2, 9), share('B', 3, 0.05), share('C', 1, 0.03), share('between kernels', 0, 0.92)];
    expect(formatProfile([...shares, share('step', 6, 10)]).split('\n')).toEqual([
      '| kernel | calls | ms | share |',
      '| --- | --- | --- | --- |',
      '| A | 2 | 9.00 | 90 % |',
      '| 2 other kernels | 4 | 0.08 | 1 % |',
      '| between kernels |  | 0.92 | 9 % |',
      '| step | 6 | 10.00 | 100 % |',
    ]);
  });
});
