import * as tf from '@tensorflow/tfjs';
import {Reduction} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {reduceMiddle} from './reduce';

/** The sum over the rows of [pieces, ...shape], which is freed. */
export function sumOfParts(backend: SimdBackend, parts: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  const [pieces] = parts.shape;
  const sum =
    pieces === 0
      ? backend.output(shape)
      : reduceMiddle(backend, parts, Reduction.Sum, [1, pieces, tf.util.sizeFromShape(shape)]);
  if (pieces === 0) backend.values(sum).fill(0);
  backend.disposeData(parts.dataId);
  return {...sum, shape};
}
