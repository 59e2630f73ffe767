import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireGiven, requireOptionalTensors, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {runFused} from '../define-kernel';
import {type AdamWNumbers, type AdamWState, type AdamWWeight, adamWStepReference} from './reference';

export type {AdamWNumbers, AdamWState, AdamWWeight};

/** What the fused kernel `AdamWStep` is told beside its tensors. */
export interface AdamWCall {
  numbers: AdamWNumbers;
  /** λ of each weight. */
  weightDecays: number[];
  /** Whether the first tensor is the factor of the gradients; then come weight, gradient, first and second of each weight. */
  isScaled: boolean;
}

/** Fused kernels take the tensors of all weights as one list and give weight, first and second of each. */
const referenceKernel: tf.KernelFunc = ({inputs, attrs}) => {
  const {numbers, weightDecays, isScaled} = attrs as unknown as AdamWCall;
  const tensors = inputs as unknown as tf.Tensor[];
  const start = isScaled ? 1 : 0;
  return weightDecays.flatMap((weightDecay, i) => {
    const [weight, gradient, first, second] = tensors.slice(start + 4 * i, start + 4 * (i + 1));
    const entry = {weight, gradient, first, second, weightDecay};
    const next = adamWStepReference(entry, numbers, isScaled ? tensors[0] : undefined);
    return [next.weight, next.first, next.second];
  });
};

/**
 * A step of AdamW (Loshchilov and Hutter 2019, algorithm 2) of many weights, with g their gradients times
 * `gradientScale`, the factor of gradient clipping:
 *
 *     m' = β1 m + (1 - β1) g;   v' = β2 v + (1 - β2) g²
 *     w' = (1 - η λ) w - η (m' / (1 - β1^t)) / (sqrt(v' / (1 - β2^t)) + ε)
 *
 * What is passed as weight and moments must not be read any more: an engine may write the new values over the old ones,
 * where nobody else has a copy of them. Not differentiable.
 * @param gradientScale A scalar. Default 1.
 * @returns New weights and moments, in the order of `weights`.
 * @throws ShapeError when a gradient or a moment has another shape than its weight.
 */
export function adamWStep(
  weights: readonly AdamWWeight[],
  numbers: AdamWNumbers,
  gradientScale?: tf.Tensor,
): AdamWState[] {
  requireOptionalTensors('adamWStep', {gradientScale});
  requireArgument('adamWStep', 'weights', weights, Array.isArray(weights), 'a list of weights with their gradients');
  requireGiven('adamWStep', numbers, ['step', 'learningRate', 'betas', 'epsilon']);
  const {betas} = numbers;
  const isPair = Array.isArray(betas) && betas.length === 2 && betas.every((beta) => typeof beta === 'number');
  requireArgument('adamWStep', 'betas', betas, isPair, 'two numbers');
  for (const name of ['step', 'learningRate', 'epsilon'] as const)
    requireArgument('adamWStep', name, numbers[name], typeof numbers[name] === 'number', 'a number');
  if (weights.length === 0) return [];
  for (const {weight, gradient, first, second} of weights)
    requireTensors('adamWStep', {weight, gradient, first, second});
  for (const {weight, ...others} of weights) assertShapes(weight, others);
  const call: AdamWCall = {
    numbers,
    weightDecays: weights.map(({weightDecay}) => weightDecay),
    isScaled: gradientScale !== undefined,
  };
  const tensors = weights.flatMap(({weight, gradient, first, second}) => [weight, gradient, first, second]);
  const all = gradientScale ? [gradientScale, ...tensors] : tensors;
  const results = runFused('AdamWStep', referenceKernel, all, call as unknown as tf.NamedAttrMap);
  return weights.map((_, i) => {
    const [weight, first, second] = results.slice(3 * i, 3 * i + 3);
    return {weight, first, second};
  });
}

function assertShapes(weight: tf.Tensor, {gradient, first, second}: Omit<AdamWWeight, 'weight' | 'weightDecay'>): void {
  for (const [name, {shape}] of Object.entries({gradient, first, second}))
    if (!tf.util.arraysEqual(shape, weight.shape))
      throw new ShapeError(`adamWStep: ${name} [${shape}] must have the shape [${weight.shape}] of its weight`);
}
