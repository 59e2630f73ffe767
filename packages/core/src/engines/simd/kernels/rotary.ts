import * as tf from '@tensorflow/tfjs';
import type {RotaryPairing} from '../../../kernels/rotary-embedding';
import {rotaryEmbeddingReference} from '../../../kernels/rotary-embedding/reference';
import type {SimdBackend} from '../backend';
import {type FusedCall, floatBits, fusedKernel, type SimdKernel} from './kernel';

/** Rows of a piece; see `assembly/rotary.ts`. */
const ROWS = 64;

type Call = FusedCall<{pairing: RotaryPairing}>;

function turn(
  [x, cos, sin]: tf.TensorInfo[],
  backend: SimdBackend,
  {attributes}: Call,
  direction: 1 | -1,
): tf.TensorInfo[] {
  const [time, size] = x.shape.slice(-2);
  const half = size / 2;
  // Tables that differ from row to row of the batch are rare: composed.
  const expected = [time, half];
  if (!tf.util.arraysEqual(cos.shape, expected) || !tf.util.arraysEqual(sin.shape, expected)) {
    const angle = direction === 1 ? (sin as tf.Tensor) : (sin as tf.Tensor).neg();
    return [rotaryEmbeddingReference(x as tf.Tensor, cos as tf.Tensor, angle, attributes.pairing)];
  }
  const output = backend.output(x.shape);
  const rows = tf.util.sizeFromShape(x.shape) / size;
  const steps = attributes.pairing === 'interleaved' ? [1, 2] : [half, 1];
  const addresses = [x, cos, sin].map((tensor) => backend.address(tensor));
  const args = [...addresses, output.address, rows, time, half, ...steps, floatBits(direction)];
  backend.threads.run('jobRotary', args, Math.ceil(rows / ROWS), 2 * rows * size);
  return [output];
}

/** The fused kernels of `kernels/rotary-embedding`: a rotation, and the rotation back. */
export const rotaryKernels: readonly SimdKernel[] = [
  fusedKernel<{pairing: RotaryPairing}>('RotaryEmbedding', (tensors, backend, call) => turn(tensors, backend, call, 1)),
  fusedKernel<{pairing: RotaryPairing}>('RotaryEmbeddingGradient', ([dy, , cos, sin], backend, call) =>
    turn([dy, cos, sin], backend, call, -1),
  ),
];
