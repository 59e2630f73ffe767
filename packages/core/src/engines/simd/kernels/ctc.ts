import type * as tf from '@tensorflow/tfjs';
import {type CtcAttributes, laneCount} from '../../../kernels/ctc-loss/types';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {LONG} from './cost';
import {fusedKernel, type SimdKernel} from './kernel';
import {rowsOf} from './rows';

/** What the jobs of both directions know, in the order of the kernel's tensors; gradients are there backwards. */
interface Tensors {
  logits: tf.TensorInfo;
  targets: tf.TensorInfo;
  inputLengths: tf.TensorInfo;
  targetLengths: tf.TensorInfo;
  loss: tf.TensorInfo;
  alphas: tf.TensorInfo;
  normalizer: tf.TensorInfo;
  lossGradient?: tf.TensorInfo;
  gradient?: tf.TensorInfo;
}

/** Rows of `lanes` floats that a sample needs for itself, and a vector behind them. */
const ROOM_ROWS = 8;

/** Runs a job over all frames, and one over all samples, which is sequential in time. */
function runCtc(
  backend: SimdBackend,
  tensors: Tensors,
  blank: number,
  jobs: [frames: `job${string}`, samples: `job${string}`],
) {
  const {logits, targets, inputLengths, targetLengths, loss, alphas, normalizer, lossGradient, gradient} = tensors;
  const [batch, time, classes] = logits.shape;
  const labels = targets.shape[1];
  const lanes = laneCount(labels);
  const {rows, length, pieceRows, pieces} = rowsOf(logits);
  const address = (tensor?: tf.TensorInfo) => (tensor ? backend.address(tensor) : 0);
  borrowing(backend, (borrowed) => {
    const args = [
      ...[logits, normalizer, targets, inputLengths, targetLengths, alphas, loss, lossGradient, gradient].map(address),
      borrowed.floats(batch * (ROOM_ROWS * lanes + 4)),
      ...[batch, time, classes, labels, lanes, blank, pieceRows],
    ];
    backend.threads.run(jobs[0], args, pieces, LONG * rows * length);
    backend.threads.run(jobs[1], args, batch, 8 * LONG * rows * lanes);
  });
}

const ctcLoss = fusedKernel<CtcAttributes>('CtcLoss', (inputs, backend, {attributes: {blank}}) => {
  const [logits, targets, inputLengths, targetLengths] = inputs;
  const [batch, time] = logits.shape;
  const loss = backend.output([batch]);
  const alphas = backend.output([batch, time, 2, laneCount(targets.shape[1])]);
  const normalizer = backend.output([batch, time, 2]);
  const tensors = {logits, targets, inputLengths, targetLengths, loss, alphas, normalizer};
  runCtc(backend, tensors, blank, ['jobCtcNormalizer', 'jobCtc']);
  return [loss, alphas, normalizer];
});

const ctcLossGradient = fusedKernel<CtcAttributes>('CtcLossGradient', (given, backend, {attributes: {blank}}) => {
  const [lossGradient, , , logits, targets, inputLengths, targetLengths, loss, alphas, normalizer] = given;
  const gradient = backend.output(logits.shape);
  const tensors = {logits, targets, inputLengths, targetLengths, loss, alphas, normalizer, lossGradient, gradient};
  runCtc(backend, tensors, blank, ['jobCtcSoftmax', 'jobCtcGradient']);
  return [gradient];
});

/** The fused kernels of `kernels/ctc-loss`. */
export const ctcKernels: readonly SimdKernel[] = [ctcLoss, ctcLossGradient];
