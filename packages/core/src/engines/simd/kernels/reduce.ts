import * as tf from '@tensorflow/tfjs';
import {Reduction} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {kernel, type SimdKernel} from './kernel';

/** About as many values as a piece has. */
const PIECE = 16384;
/** Columns of a piece; see `assembly/reduce.ts`. */
const BLOCK = 64;

type Input = {x: tf.TensorInfo};

/** Reduces the middle axis of [outer, length, inner]. */
function reduceMiddle(
  backend: SimdBackend,
  x: tf.TensorInfo,
  operation: Reduction,
  [outer, length, inner]: [number, number, number],
): tf.TensorInfo {
  const output = backend.output([outer, inner]);
  const pieceRows = Math.max(1, Math.floor(PIECE / length));
  const pieces = inner === 1 ? Math.ceil(outer / pieceRows) : outer * Math.ceil(inner / BLOCK);
  const args = [operation, backend.address(x), output.address, outer, length, inner, pieceRows];
  backend.threads.run('jobReduce', args, pieces, outer * length * inner);
  return output;
}

/** Reduces axes, the last group of neighbours first; the result has their shape left out, or as 1. */
function reduce(
  backend: SimdBackend,
  x: tf.TensorInfo,
  operation: Reduction,
  axis: number | number[] | undefined,
  keepDims: boolean,
): tf.TensorInfo {
  const axes = new Set(tf.util.parseAxisParam(axis as number | number[], x.shape));
  const shape = [...x.shape];
  let current = x;
  let last = shape.length - 1;
  while (last >= 0) {
    if (!axes.has(last)) {
      last--;
      continue;
    }
    let first = last;
    while (first > 0 && axes.has(first - 1)) first--;
    const size = tf.util.sizeFromShape;
    const next = reduceMiddle(backend, current, operation, [
      size(shape.slice(0, first)),
      size(shape.slice(first, last + 1)),
      size(shape.slice(last + 1)),
    ]);
    if (current !== x) backend.disposeData(current.dataId);
    shape.fill(1, first, last + 1);
    current = next;
    last = first - 1;
  }
  const left = keepDims ? shape : x.shape.filter((_, i) => !axes.has(i));
  return current === x ? backend.share(x, left) : {...current, shape: left};
}

function reduction(name: string, operation: Reduction, axisOf: 'axis' | 'reductionIndices' = 'axis'): SimdKernel {
  type Attributes = {axis?: number | number[]; reductionIndices?: number | number[]; keepDims: boolean};
  return kernel<Input, Attributes>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (x.dtype !== 'float32' || x.shape.includes(0)) return backend.fallback(name, inputs, attrs);
    return reduce(backend, x, operation, attrs[axisOf], attrs.keepDims);
  });
}

const mean = kernel<Input, {axis: number | number[]; keepDims: boolean}>('Mean', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (x.dtype !== 'float32' || x.shape.includes(0)) return backend.fallback('Mean', inputs, attrs);
  const sum = reduce(backend, x, Reduction.Sum, attrs.axis, attrs.keepDims);
  const count = tf.util.sizeFromShape(x.shape) / tf.util.sizeFromShape(sum.shape);
  const result = backend.output(sum.shape);
  const [from, to] = [backend.values(sum), backend.values(result)];
  for (let i = 0; i < to.length; i++) to[i] = from[i] / count;
  backend.disposeData(sum.dataId);
  return result;
});

export const reduceKernels: readonly SimdKernel[] = [
  reduction('Sum', Reduction.Sum),
  reduction('Prod', Reduction.Prod),
  reduction('Max', Reduction.Max, 'reductionIndices'),
  reduction('Min', Reduction.Min),
  mean,
];
