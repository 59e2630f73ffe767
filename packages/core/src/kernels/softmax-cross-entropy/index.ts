import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptions, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {softmaxCrossEntropyGradient} from './gradient';
import {softmaxCrossEntropyReference} from './reference';

const kernel = defineKernel<
  {logits: tf.Tensor; targets: tf.Tensor},
  {ignoreIndex: number; smoothing: number},
  {loss: tf.Tensor; normalizer: tf.Tensor}
>({
  name: 'SoftmaxCrossEntropy',
  outputs: ['loss', 'normalizer'],
  differentiable: ['logits'],
  reference: ({logits, targets}, {ignoreIndex, smoothing}) =>
    softmaxCrossEntropyReference(logits as tf.Tensor2D, targets as tf.Tensor1D, ignoreIndex, smoothing),
  gradient: ({loss: g}, {logits, targets}, {normalizer}, {ignoreIndex, smoothing}) => {
    const [rows, wanted] = [logits as tf.Tensor2D, targets as tf.Tensor1D];
    return {logits: softmaxCrossEntropyGradient(g, rows, wanted, normalizer, ignoreIndex, smoothing)};
  },
});

/** Options of {@link softmaxCrossEntropy}. */
export interface CrossEntropyOptions {
  /** Targets with this value do not count. Default -100. */
  ignoreIndex?: number;
  /** Label smoothing, 0 to 1: the share of the probability that is wanted spread over all classes. Default 0. */
  smoothing?: number;
}

/**
 * Mean cross entropy, in nats, of integer targets under the softmax of logits:
 *
 *     loss = sum over counted tokens of [(1 - s) (-log p[target]) + s mean(-log p)] / number of counted tokens
 *
 * With no token to count it is NaN, as the mean of nothing is, and has the gradient 0. A counted target that is no class
 * makes it NaN. Logits may be -infinity where they are not a target.
 * @param logits [..., classes]
 * @param targets [...] of class numbers
 * @returns A scalar.
 * @throws ShapeError when the leading dimensions differ.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: CrossEntropyOptions = {},
): tf.Scalar {
  requireTensors('softmaxCrossEntropy', {logits, targets});
  requireOptions('softmaxCrossEntropy', options, ['ignoreIndex', 'smoothing']);
  const {ignoreIndex = -100, smoothing = 0} = options;
  for (const [name, value] of Object.entries({ignoreIndex, smoothing}))
    requireArgument('softmaxCrossEntropy', name, value, typeof value === 'number', 'a number');
  const leading = logits.shape.slice(0, -1);
  if (leading.join() !== targets.shape.join())
    throw new ShapeError(
      `softmaxCrossEntropy: targets [${targets.shape}] must have the shape [${leading}] of logits [${logits.shape}] without its last axis`,
    );
  return tf.tidy(() => {
    const flat = {logits: logits.reshape([-1, logits.shape[logits.rank - 1]]), targets: targets.reshape([-1])};
    return kernel(flat, {ignoreIndex, smoothing}).loss as tf.Scalar;
  });
}
