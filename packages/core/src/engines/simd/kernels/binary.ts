import * as tf from '@tensorflow/tfjs';
import {Binary} from '../assembly/operations';
import type {NumericType, SimdBackend} from '../backend';
import {kernel, type SimdKernel} from './kernel';

/** About as many values as a piece has. */
const PIECE = 16384;

type Inputs = {a: tf.TensorInfo; b: tf.TensorInfo};

/** An axis of the result: its length, and how far the inputs step along it, 0 where they are broadcast. */
interface Axis {
  size: number;
  strideA: number;
  strideB: number;
}

/** The axes of a result, the fastest first, with neighbours joined where both inputs go through them in one. */
function joinedAxes(shape: number[], a: number[], b: number[]): Axis[] {
  const strides = (of: number[]) => {
    const padded = [...Array(shape.length - of.length).fill(1), ...of];
    const full = [...tf.util.computeStrides(padded), 1];
    return padded.map((size, axis) => (size === 1 ? 0 : full[axis]));
  };
  const [stridesA, stridesB] = [strides(a), strides(b)];
  const axes: Axis[] = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    const axis = {size: shape[i], strideA: stridesA[i], strideB: stridesB[i]};
    const inner = axes[axes.length - 1];
    if (axis.size === 1) continue;
    if (inner && axis.strideA === inner.strideA * inner.size && axis.strideB === inner.strideB * inner.size)
      inner.size *= axis.size;
    else axes.push(axis);
  }
  return axes;
}

/** A new tensor of the operation's value for each pair of values of two tensors that broadcast. */
export function zipValues(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  operation: Binary,
  dtype: NumericType = 'float32',
): tf.TensorInfo {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const output = backend.output(shape, dtype);
  const size = tf.util.sizeFromShape(shape);
  if (size === 0) return output;
  const [row, ...outer] = joinedAxes(shape, a.shape, b.shape);
  const columns = row?.size ?? 1;
  const rows = size / columns;
  const pieceColumns = Math.min(columns, PIECE);
  const pieceRows = columns > PIECE ? 1 : Math.max(1, Math.floor(PIECE / columns));
  const fixed = [row && row.strideA === 0 ? 1 : 0, row && row.strideB === 0 ? 1 : 0];
  const bytes = [a.dtype === 'bool' ? 1 : 4, dtype === 'bool' ? 1 : 4];
  const axes = outer.flatMap((axis) => [axis.size, axis.strideA, axis.strideB]);
  const addresses = [backend.address(a), backend.address(b), output.address];
  const args = [
    operation,
    ...addresses,
    rows,
    columns,
    ...fixed,
    pieceRows,
    pieceColumns,
    ...bytes,
    outer.length,
    ...axes,
  ];
  backend.threads.run('jobBinary', args, Math.ceil(columns / pieceColumns) * Math.ceil(rows / pieceRows), size);
  return output;
}

/** The forms of an operation by the dtype of its inputs. */
interface Forms {
  float32?: Binary;
  int32?: Binary;
  bool?: Binary;
}

function binary(name: string, forms: Forms, dtype?: NumericType): SimdKernel {
  return kernel<Inputs, object>(name, ({inputs, backend, attrs}) => {
    const {a, b} = inputs;
    const operation = a.dtype === b.dtype ? forms[a.dtype as keyof Forms] : undefined;
    if (operation === undefined) return backend.fallback(name, inputs, attrs);
    return zipValues(backend, a, b, operation, dtype ?? (a.dtype as NumericType));
  });
}

const prelu = kernel<{x: tf.TensorInfo; alpha: tf.TensorInfo}, object>('Prelu', ({inputs, backend, attrs}) => {
  const {x, alpha} = inputs;
  if (x.dtype !== 'float32' || alpha.dtype !== 'float32') return backend.fallback('Prelu', inputs, attrs);
  return zipValues(backend, x, alpha, Binary.Prelu);
});

const eluGrad = kernel<{dy: tf.TensorInfo; y: tf.TensorInfo}, object>('EluGrad', ({inputs, backend}) =>
  zipValues(backend, inputs.dy, inputs.y, Binary.EluGrad),
);

const addN = kernel<tf.TensorInfo[], object>('AddN', ({inputs, backend, attrs}) => {
  if (inputs.some(({dtype}) => dtype !== 'float32') || inputs.length < 2)
    return backend.fallback('AddN', inputs, attrs);
  return inputs.slice(1).reduce((sum, x, i) => {
    const next = zipValues(backend, sum, x, Binary.Add);
    if (i > 0) backend.disposeData(sum.dataId);
    return next;
  }, inputs[0]);
});

export const binaryKernels: readonly SimdKernel[] = [
  binary('Add', {float32: Binary.Add, int32: Binary.IntAdd}),
  binary('Sub', {float32: Binary.Sub, int32: Binary.IntSub}),
  binary('Multiply', {float32: Binary.Multiply, int32: Binary.IntMultiply}),
  binary('RealDiv', {float32: Binary.RealDiv}),
  binary('Maximum', {float32: Binary.Maximum, int32: Binary.IntMaximum}),
  binary('Minimum', {float32: Binary.Minimum, int32: Binary.IntMinimum}),
  binary('SquaredDifference', {float32: Binary.SquaredDifference, int32: Binary.IntSquaredDifference}),
  binary('Mod', {float32: Binary.Mod, int32: Binary.IntMod}),
  binary('Pow', {float32: Binary.Pow, int32: Binary.IntPow}),
  binary('Atan2', {float32: Binary.Atan2}),
  binary('FloorDiv', {int32: Binary.IntFloorDiv}),
  binary('Equal', {float32: Binary.Equal, int32: Binary.IntEqual, bool: Binary.BoolEqual}, 'bool'),
  binary('NotEqual', {float32: Binary.NotEqual, int32: Binary.IntNotEqual, bool: Binary.BoolNotEqual}, 'bool'),
  binary('Less', {float32: Binary.Less, int32: Binary.IntLess}, 'bool'),
  binary('LessEqual', {float32: Binary.LessEqual, int32: Binary.IntLessEqual}, 'bool'),
  binary('Greater', {float32: Binary.Greater, int32: Binary.IntGreater}, 'bool'),
  binary('GreaterEqual', {float32: Binary.GreaterEqual, int32: Binary.IntGreaterEqual}, 'bool'),
  binary('LogicalAnd', {bool: Binary.LogicalAnd}, 'bool'),
  binary('LogicalOr', {bool: Binary.LogicalOr}, 'bool'),
  prelu,
  eluGrad,
  addN,
];
