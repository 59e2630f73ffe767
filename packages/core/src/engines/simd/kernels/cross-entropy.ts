import type * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {LONG} from './cost';
import {floatBits, fusedKernel, type SimdKernel} from './kernel';
import {rowsOf} from './rows';
import {mapValues} from './unary';

interface Attributes {
  ignoreIndex: number;
  smoothing: number;
}

interface Tensors {
  /** [tokens, classes] */
  logits: tf.TensorInfo;
  /** [tokens] */
  targets: tf.TensorInfo;
  /** [tokens, 2] */
  normalizer: tf.TensorInfo;
}

/**
 * Runs one of the two jobs.
 * @param to Losses, or gradients.
 * @param scaleBy What gradients are multiplied by, from the number of tokens that count.
 * @returns That number.
 */
function runCrossEntropy(
  backend: SimdBackend,
  job: `job${string}`,
  {logits, targets, normalizer}: Tensors,
  to: number,
  {ignoreIndex, smoothing}: Attributes,
  scaleBy: (count: number) => number,
): number {
  const isWhole = targets.dtype === 'int32';
  const whole = isWhole ? targets : mapValues(backend, targets, Unary.FloatToInt, 'int32');
  let count = 0;
  for (const target of backend.values(whole)) if (target !== ignoreIndex) count++;
  const {rows, length, pieceRows, pieces} = rowsOf(logits);
  const addresses = [logits, whole, normalizer].map((tensor) => backend.address(tensor));
  const floats = [smoothing, scaleBy(count)].map(floatBits);
  const args = [...addresses, to, rows, length, pieceRows, ignoreIndex, ...floats];
  backend.threads.run(job, args, pieces, LONG * rows * length);
  if (!isWhole) backend.disposeData(whole.dataId);
  return count;
}

const crossEntropy = fusedKernel<Attributes>('SoftmaxCrossEntropy', ([logits, targets], backend, {attributes}) => {
  const [loss, losses] = [backend.output([]), backend.output([logits.shape[0]])];
  const normalizer = backend.output([logits.shape[0], 2]);
  const tensors = {logits, targets, normalizer};
  const count = runCrossEntropy(backend, 'jobCrossEntropy', tensors, losses.address, attributes, () => 0);
  let total = 0;
  for (const each of backend.values(losses)) total += each;
  backend.values(loss)[0] = total / count;
  backend.disposeData(losses.dataId);
  return [loss, normalizer];
});

const crossEntropyGradient = fusedKernel<Attributes>(
  'SoftmaxCrossEntropyGradient',
  ([lossGradient, , logits, targets, , normalizer], backend, {attributes}) => {
    const output = backend.output(logits.shape);
    const scaleBy = (count: number) => backend.values(lossGradient)[0] / count;
    const tensors = {logits, targets, normalizer};
    runCrossEntropy(backend, 'jobCrossEntropyGradient', tensors, output.address, attributes, scaleBy);
    return [output];
  },
);

/** The fused kernels of `kernels/softmax-cross-entropy`. */
export const crossEntropyKernels: readonly SimdKernel[] = [crossEntropy, crossEntropyGradient];
