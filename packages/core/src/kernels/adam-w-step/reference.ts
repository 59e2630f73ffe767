import * as tf from '@tensorflow/tfjs';

/** A weight and the moments of its earlier gradients, all of one shape. */
export interface AdamWState {
  weight: tf.Tensor;
  /** Running mean of the gradients, m; at first zeros. */
  first: tf.Tensor;
  /** Running mean of their squares, v; at first zeros. */
  second: tf.Tensor;
}

/** A weight that takes a step. */
export interface AdamWWeight extends AdamWState {
  /** Of the shape of the weight. */
  gradient: tf.Tensor;
  /** λ: the share of the weight that a step takes away, times the learning rate. */
  weightDecay: number;
}

/** The numbers of a step, the same for all weights. */
export interface AdamWNumbers {
  /** From 1: which step this is, t. */
  step: number;
  /** η */
  learningRate: number;
  /** How much of m and of v is kept. */
  betas: readonly [number, number];
  /** Added to the root of v, ε. */
  epsilon: number;
}

/** The step of one weight, composed from tf ops. */
export function adamWStepReference(
  {weight, gradient, first, second, weightDecay}: AdamWWeight,
  {step, learningRate, betas, epsilon}: AdamWNumbers,
  gradientScale?: tf.Tensor,
): AdamWState {
  const [beta1, beta2] = betas;
  return tf.tidy(() => {
    const g = gradientScale ? gradient.mul(gradientScale) : gradient;
    const newFirst = first.mul(beta1).add(g.mul(1 - beta1));
    const newSecond = second.mul(beta2).add(g.square().mul(1 - beta2));
    const divisor = newSecond
      .sqrt()
      .div(Math.sqrt(1 - beta2 ** step))
      .add(epsilon);
    const change = newFirst.div(divisor).mul(learningRate / (1 - beta1 ** step));
    const decayed = weightDecay === 0 ? weight : weight.mul(1 - learningRate * weightDecay);
    return {weight: decayed.sub(change), first: newFirst, second: newSecond};
  });
}
