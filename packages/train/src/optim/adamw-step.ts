import * as tf from '@tensorflow/tfjs';

/** A weight with its gradient and the moments of its earlier gradients, all of one shape. */
export interface AdamWTensors {
  weight: tf.Tensor;
  gradient: tf.Tensor;
  /** Running mean of the gradients, m. */
  first: tf.Tensor;
  /** Running mean of their squares, v. */
  second: tf.Tensor;
}

/** The numbers of one step. */
export interface AdamWNumbers {
  /** From 1: which step this is. */
  step: number;
  learningRate: number;
  /** How much of m and of v is kept. */
  betas: readonly [number, number];
  /** Added to the root of v. */
  epsilon: number;
  weightDecay: number;
}

/**
 * All arithmetic of AdamW (Loshchilov and Hutter 2019, algorithm 2), for one weight; the inputs stay as they are:
 *
 *     m' = β1 m + (1 - β1) g;   v' = β2 v + (1 - β2) g²
 *     w' = (1 - η λ) w - η (m' / (1 - β1^t)) / (sqrt(v' / (1 - β2^t)) + ε)
 */
export function adamWStep(tensors: AdamWTensors, numbers: AdamWNumbers): Omit<AdamWTensors, 'gradient'> {
  const {weight, gradient} = tensors;
  const {step, learningRate, epsilon, weightDecay} = numbers;
  const [beta1, beta2] = numbers.betas;
  return tf.tidy(() => {
    const first = tensors.first.mul(beta1).add(gradient.mul(1 - beta1));
    const second = tensors.second.mul(beta2).add(gradient.square().mul(1 - beta2));
    const divisor = second
      .sqrt()
      .div(Math.sqrt(1 - beta2 ** step))
      .add(epsilon);
    const change = first.div(divisor).mul(learningRate / (1 - beta1 ** step));
    const decayed = weightDecay === 0 ? weight : weight.mul(1 - learningRate * weightDecay);
    return {weight: decayed.sub(change), first, second};
  });
}
