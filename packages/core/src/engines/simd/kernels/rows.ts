import * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {floatBits, fusedKernel, kernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

/** Rows of a piece; see `assembly/rows.ts`. */
const ROWS = 16;

interface RowCall {
  rows: number;
  length: number;
  /** Addresses: up to three inputs, then the output. */
  a: number;
  b?: number;
  c?: number;
  to: number;
  epsilon?: number;
  smoothing?: number;
  scale?: number;
  ignored?: number;
}

/** Runs a function of rows. */
function runRows(backend: SimdBackend, job: `job${string}`, call: RowCall): void {
  const {rows, length, a, b = 0, c = 0, to, epsilon = 0, smoothing = 0, scale = 0, ignored = 0} = call;
  const args = [rows, length, a, b, c, to, floatBits(epsilon), floatBits(smoothing), floatBits(scale), ignored];
  backend.threads.run(job, args, Math.ceil(rows / ROWS), 4 * rows * length);
}

/** The last axis as rows. */
function rowsOf({shape}: tf.TensorInfo): {rows: number; length: number} {
  const length = shape[shape.length - 1] ?? 1;
  return {rows: length === 0 ? 0 : tf.util.sizeFromShape(shape) / length, length};
}

const softmax = kernel<{logits: tf.TensorInfo}, {dim: number}>('Softmax', ({inputs, backend, attrs}) => {
  const {logits} = inputs;
  if (logits.dtype !== 'float32' || logits.shape.includes(0)) return backend.fallback('Softmax', inputs, attrs);
  const output = backend.output(logits.shape);
  runRows(backend, 'jobSoftmax', {...rowsOf(logits), a: backend.address(logits), to: output.address});
  return output;
});

/** A function of the last axis with an epsilon, of one to three tensors of one shape. */
function norm(name: string, job: `job${string}`): SimdKernel {
  return fusedKernel<{epsilon: number}>(name, (tensors, backend, {attributes}) => {
    const output = backend.output(tensors[0].shape);
    const [a, b, c] = tensors.map((tensor) => backend.address(tensor));
    runRows(backend, job, {...rowsOf(tensors[0]), a, b, c, to: output.address, epsilon: attributes.epsilon});
    return [output];
  });
}

interface CrossEntropyAttributes {
  ignoreIndex: number;
  smoothing: number;
}

/** Targets as whole numbers, the number of those that count, and how to free what was made for it. */
function readTargets(backend: SimdBackend, targets: tf.TensorInfo, ignoreIndex: number) {
  const whole =
    targets.dtype === 'int32'
      ? backend.share(targets, targets.shape)
      : mapValues(backend, targets, Unary.FloatToInt, 'int32');
  let count = 0;
  for (const target of backend.values(whole)) if (target !== ignoreIndex) count++;
  return {address: backend.address(whole), count, free: () => backend.disposeData(whole.dataId)};
}

const crossEntropy = fusedKernel<CrossEntropyAttributes>(
  'SoftmaxCrossEntropy',
  ([logits, targets], backend, {attributes}) => {
    const {ignoreIndex, smoothing} = attributes;
    const {address, count, free} = readTargets(backend, targets, ignoreIndex);
    const [losses, mean] = [backend.output([logits.shape[0]]), backend.output([])];
    const call = {...rowsOf(logits), a: backend.address(logits), b: address, to: losses.address, smoothing};
    runRows(backend, 'jobCrossEntropy', {...call, ignored: ignoreIndex});
    let total = 0;
    for (const loss of backend.values(losses)) total += loss;
    backend.values(mean)[0] = total / count;
    backend.disposeData(losses.dataId);
    free();
    return [mean];
  },
);

const crossEntropyGradient = fusedKernel<CrossEntropyAttributes>(
  'SoftmaxCrossEntropyGradient',
  ([dLoss, logits, targets], backend, {attributes}) => {
    const {ignoreIndex, smoothing} = attributes;
    const {address, count, free} = readTargets(backend, targets, ignoreIndex);
    const output = backend.output(logits.shape);
    const scale = backend.values(dLoss)[0] / count;
    const call = {...rowsOf(logits), a: backend.address(logits), b: address, to: output.address, smoothing, scale};
    runRows(backend, 'jobCrossEntropyGradient', {...call, ignored: ignoreIndex});
    free();
    return [output];
  },
);

export const rowKernels: readonly SimdKernel[] = [
  softmax,
  norm('RmsNorm', 'jobRmsNorm'),
  norm('RmsNormGradient', 'jobRmsNormGradient'),
  norm('LayerNorm', 'jobLayerNorm'),
  norm('LayerNormGradient', 'jobLayerNormGradient'),
  crossEntropy,
  crossEntropyGradient,
];
