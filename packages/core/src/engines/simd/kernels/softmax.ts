import type * as tf from '@tensorflow/tfjs';
import {LONG} from './cost';
import {kernel, type SimdKernel} from './kernel';
import {rowsOf} from './rows';

/** tfjs's Softmax, which it asks of the last axis alone. */
const softmax = kernel<{logits: tf.TensorInfo}, object>('Softmax', ({inputs, backend, attrs}) => {
  const {logits} = inputs;
  if (logits.dtype !== 'float32' || logits.shape.includes(0)) return backend.fallback('Softmax', inputs, attrs);
  const {rows, length, pieceRows, pieces} = rowsOf(logits);
  const output = backend.output(logits.shape);
  const args = [backend.address(logits), output.address, rows, length, pieceRows];
  backend.threads.run('jobSoftmax', args, pieces, LONG * rows * length);
  return output;
});

export const softmaxKernels: readonly SimdKernel[] = [softmax];
