import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes} from '../../../kernels/attention';
import type {SimdBackend} from '../backend';
import {bytesOf, type FusedCall} from './kernel';

/** What the fused kernels of attention are told. */
export type AttentionCall = FusedCall<AttentionAttributes>;

/** The arguments that all of attention's jobs begin with: `AttentionShape` of `assembly/attention-shape.ts`. */
export function shapeArgs(
  backend: SimdBackend,
  queries: tf.TensorInfo,
  values: tf.TensorInfo,
  named: (name: string) => tf.TensorInfo | undefined,
  {causal, window, sinks}: AttentionAttributes,
): number[] {
  const [, numHeads, numQueries, size] = queries.shape;
  const [, numKeyHeads, numKeys, valueSize] = values.shape;
  const keyLength = named('keyLength');
  const mask = named('mask');
  return [
    ...[numHeads, numHeads / numKeyHeads, numQueries, numKeys, size, valueSize, causal ? 1 : 0],
    // Beyond the keys neither makes a difference, nor could the job hold it.
    ...[Math.min(window ?? 0, numKeys), Math.min(sinks, numKeys), keyLength ? backend.address(keyLength) : 0],
    ...placeArgs(backend, named('bias')),
    ...placeArgs(backend, mask),
    mask ? bytesOf(mask.dtype) : 0,
  ];
}

/** Of a tensor that broadcasts to the scores: its address, and its steps along batch, head, query and key. */
function placeArgs(backend: SimdBackend, tensor: tf.TensorInfo | undefined): number[] {
  if (!tensor) return [0, 0, 0, 0, 0];
  const padded = [...Array(4 - tensor.shape.length).fill(1), ...tensor.shape];
  const strides = [...tf.util.computeStrides(padded), 1];
  return [backend.address(tensor), ...padded.map((length, axis) => (length === 1 ? 0 : strides[axis]))];
}
