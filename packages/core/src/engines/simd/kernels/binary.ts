import * as tf from '@tensorflow/tfjs';
import {Binary, Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import type {NumericType} from '../tensor-data';
import {broadcast} from './broadcast';
import {binaryCost, CHEAP, pieceOf} from './cost';
import {bytesOf, kernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

type Inputs = {a: tf.TensorInfo; b: tf.TensorInfo};

/** A new tensor of the operation's value for each pair of values of two tensors that broadcast. */
export function zipValues(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  operation: Binary,
  dtype: NumericType = 'float32',
): tf.TensorInfo {
  const {shape, size, axes} = broadcast(a.shape, b.shape);
  const output = backend.output(shape, dtype);
  if (size === 0) return output;
  const {size: columns, strideA, strideB} = axes[0];
  const rows = size / columns;
  const cost = binaryCost(operation);
  const piece = pieceOf(cost);
  const pieceColumns = Math.min(columns, piece);
  const pieceRows = Math.max(1, Math.floor(piece / columns));
  const args: number[] = [operation, backend.address(a), backend.address(b), output.address, rows, columns];
  args.push(strideA === 0 ? 1 : 0, strideB === 0 ? 1 : 0, pieceRows, pieceColumns, bytesOf(a.dtype), bytesOf(dtype));
  args.push(axes.length - 1);
  for (let i = 1; i < axes.length; i++) args.push(axes[i].size, axes[i].strideA, axes[i].strideB);
  const pieces = Math.ceil(columns / pieceColumns) * Math.ceil(rows / pieceRows);
  backend.threads.run('jobBinary', args, pieces, cost * size);
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

/** More tensors than this have their addresses in no job's arguments. */
const MOST_TERMS = 1024;

const addN = kernel<tf.TensorInfo[], object>('AddN', ({inputs, backend, attrs}) => {
  // The sum of one is that one.
  if (inputs.length === 1) return backend.share(inputs[0], inputs[0].shape);
  const fits = inputs.length <= MOST_TERMS;
  if (!fits || inputs.some(({dtype}) => dtype !== 'float32')) return backend.fallback('AddN', inputs, attrs);
  const {shape} = inputs[0];
  const output = backend.output(shape);
  const count = tf.util.sizeFromShape(shape);
  const cost = CHEAP * inputs.length;
  const args = [output.address, count, pieceOf(CHEAP), inputs.length, ...inputs.map((x) => backend.address(x))];
  backend.threads.run('jobAddN', args, Math.ceil(count / pieceOf(CHEAP)), cost * count);
  return output;
});

/** The exponents that have an operation of their own. */
const powers = new Map([
  [2, Unary.Square],
  [3, Unary.Cube],
  [-1, Unary.Reciprocal],
]);

const pow = kernel<Inputs, object>('Pow', ({inputs, backend, attrs}) => {
  const {a, b} = inputs;
  if (a.dtype !== b.dtype) return backend.fallback('Pow', inputs, attrs);
  if (a.dtype === 'int32') return zipValues(backend, a, b, Binary.IntPow, 'int32');
  if (a.dtype !== 'float32') return backend.fallback('Pow', inputs, attrs);
  const power = b.shape.length === 0 ? powers.get(backend.values(b)[0]) : undefined;
  return power === undefined ? zipValues(backend, a, b, Binary.Pow) : mapValues(backend, a, power);
});

/** tfjs's FloorDiv gives whole numbers, whatever it is given. */
const floorDiv = kernel<Inputs, object>('FloorDiv', ({inputs, backend, attrs}) => {
  const {a, b} = inputs;
  if (a.dtype !== b.dtype || a.dtype === 'bool') return backend.fallback('FloorDiv', inputs, attrs);
  return zipValues(backend, a, b, a.dtype === 'float32' ? Binary.FloorDiv : Binary.IntFloorDiv, 'int32');
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
  binary('Atan2', {float32: Binary.Atan2}),
  binary('BitwiseAnd', {int32: Binary.BitwiseAnd}),
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
  pow,
  floorDiv,
];
