import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors} from '../../arguments';
import {runFused} from '../define-kernel';
import {sumOf} from '../sum-of';

/** sqrt(Σ x²), composed from tf ops. */
const referenceKernel: tf.KernelFunc = ({inputs}) =>
  tf.tidy(() => sumOf((inputs as unknown as tf.Tensor[]).map((x) => x.square().sum())).sqrt());

/**
 * The Euclidean norm of all values of tensors together, sqrt(Σ x²). Not differentiable.
 * @param tensors Floats of any shapes.
 * @returns A scalar, 0 where there is no tensor.
 */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  requireArgument('globalNorm', 'tensors', tensors, Array.isArray(tensors), 'a list of tensors');
  requireTensors('globalNorm', tensors as unknown as {[place: string]: tf.Tensor});
  if (tensors.length === 0) return tf.scalar(0);
  return runFused('GlobalNorm', referenceKernel, [...tensors], {})[0] as tf.Scalar;
}
