import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type AdamWNumbers, adamWStep} from '../../src/kernels/adam-w-step';
import {expectClose, normalPlain, type Plain} from './gradient-check';

interface Weight {
  weight: Plain;
  gradient: Plain;
  first: Plain;
  second: Plain;
  weightDecay: number;
}

function definition({weight, gradient, first, second, weightDecay}: Weight, numbers: AdamWNumbers, scale: number) {
  const {step, learningRate, epsilon} = numbers;
  const [beta1, beta2] = numbers.betas;
  const g = gradient.data.map((value) => value * scale);
  const m = first.data.map((value, i) => beta1 * value + (1 - beta1) * g[i]);
  const v = second.data.map((value, i) => beta2 * value + (1 - beta2) * g[i] ** 2);
  const w = weight.data.map((value, i) => {
    const direction = m[i] / (1 - beta1 ** step) / (Math.sqrt(v[i] / (1 - beta2 ** step)) + epsilon);
    return value * (1 - learningRate * weightDecay) - learningRate * direction;
  });
  return {weight: w, first: m, second: v};
}

/** A weight whose second moment is no less than 0. */
function drawn(shape: number[], seed: number, weightDecay: number): Weight {
  const draw = (name: string) => normalPlain(shape, seed, name);
  const second = draw('second');
  const squares = {...second, data: second.data.map((value) => Math.fround(value * value))};
  return {weight: draw('weight'), gradient: draw('gradient'), first: draw('first'), second: squares, weightDecay};
}

const tensorsOf = ({weight, gradient, first, second, weightDecay}: Weight) => {
  const [w, g, m, v] = [weight, gradient, first, second].map(({data, shape}) => tf.tensor(data, shape));
  return {weight: w, gradient: g, first: m, second: v, weightDecay};
};

const numbers: AdamWNumbers = {step: 3, learningRate: 0.01, betas: [0.9, 0.99], epsilon: 1e-4};

describe('adamWStep', () => {
  it('follows its definition for all weights, with and without a factor of the gradients', () => {
    const shapes = fc.array(fc.array(fc.integer({min: 1, max: 4}), {maxLength: 3}), {minLength: 1, maxLength: 3});
    const rates = fc.record({
      step: fc.integer({min: 1, max: 50}),
      learningRate: fc.constantFrom(0, 1e-3, 0.1),
      betas: fc.constantFrom([0.9, 0.95] as const, [0, 0.5] as const),
      epsilon: fc.constantFrom(1e-6, 1e-2),
    });
    fc.assert(
      fc.property(shapes, rates, fc.nat(), fc.constantFrom(0, 0.1), fc.boolean(), (all, rate, seed, decay, scaled) =>
        tf.tidy(() => {
          const weights = all.map((shape, i) => drawn(shape, seed + i, i * decay));
          const steps = adamWStep(weights.map(tensorsOf), rate, scaled ? tf.scalar(0.5) : undefined);
          weights.forEach((weight, i) => {
            const wanted = definition(weight, rate, scaled ? 0.5 : 1);
            expect(steps[i].weight.shape).toEqual(all[i]);
            for (const name of ['weight', 'first', 'second'] as const)
              expectClose(steps[i][name].dataSync(), wanted[name], 2e-6, name, 1);
          });
        }),
      ),
      {numRuns: 30},
    );
  });

  it('does nothing for no weights, and leaves no tensors but its results', () => {
    expect(adamWStep([], numbers)).toEqual([]);
    const weights = [tensorsOf(drawn([3], 1, 0)), tensorsOf(drawn([], 2, 0))];
    const before = tf.memory().numTensors;
    const steps = adamWStep(weights, numbers);
    expect(tf.memory().numTensors - before).toBe(6);
    tf.dispose([steps, weights] as unknown as tf.TensorContainer);
  });

  it('refuses gradients and moments of another shape', () => {
    tf.tidy(() => {
      const weight = {...tensorsOf(drawn([2, 3], 1, 0)), gradient: tf.zeros([3, 2])};
      expect(() => adamWStep([weight], numbers)).toThrow(ShapeError);
      expect(() => adamWStep([weight], numbers)).toThrow(
        'adamWStep: gradient [3,2] must have the shape [2,3] of its weight',
      );
    });
  });
});
