import * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {pieceOf, unaryCost} from './cost';
import {bytesOf, floatBits, kernel, type SimdKernel} from './kernel';

type Input = {x: tf.TensorInfo};

/** A new tensor of the operation's value for each value of `x`. */
export function mapValues(
  backend: SimdBackend,
  x: tf.TensorInfo,
  operation: Unary,
  dtype: NumericType = 'float32',
  parameters: readonly [number?, number?] = [],
): tf.TensorInfo {
  const output = backend.output(x.shape, dtype);
  const count = tf.util.sizeFromShape(x.shape);
  const [p0 = 0, p1 = 0] = parameters;
  const cost = unaryCost(operation);
  const piece = pieceOf(cost);
  const args = [operation, backend.address(x), output.address, count, piece, bytesOf(x.dtype), bytesOf(dtype), p0, p1];
  backend.threads.run('jobUnary', args, Math.ceil(count / piece), cost * count);
  return output;
}

/** An operation on floats, and on whole numbers where it has a form for them. */
function unary(name: string, operation: Unary, onIntegers?: Unary): SimdKernel {
  return kernel<Input, object>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (x.dtype === 'float32') return mapValues(backend, x, operation);
    if (x.dtype === 'int32' && onIntegers !== undefined) return mapValues(backend, x, onIntegers, 'int32');
    return backend.fallback(name, inputs, attrs);
  });
}

/** A question about floats. */
function predicate(name: string, operation: Unary): SimdKernel {
  return kernel<Input, object>(name, ({inputs, backend, attrs}) =>
    inputs.x.dtype === 'float32'
      ? mapValues(backend, inputs.x, operation, 'bool')
      : backend.fallback(name, inputs, attrs),
  );
}

/** An operation on floats with one parameter. */
function withAlpha(name: string, operation: Unary): SimdKernel {
  return kernel<Input, {alpha: number}>(name, ({inputs, backend, attrs}) =>
    inputs.x.dtype === 'float32'
      ? mapValues(backend, inputs.x, operation, 'float32', [floatBits(attrs.alpha)])
      : backend.fallback(name, inputs, attrs),
  );
}

/** Lets values outside of limits be the nearer limit; whole ones too, whose limits are cut off as tfjs stores them. */
function clip(backend: SimdBackend, x: tf.TensorInfo, lowest: number, highest: number): tf.TensorInfo | undefined {
  if (x.dtype === 'float32')
    return mapValues(backend, x, Unary.ClipByValue, 'float32', [floatBits(lowest), floatBits(highest)]);
  if (x.dtype !== 'int32') return undefined;
  const whole = (limit: number) => Math.trunc(Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), limit)));
  return mapValues(backend, x, Unary.IntClip, 'int32', [whole(lowest), whole(highest)]);
}

type Limits = {clipValueMin: number; clipValueMax: number};

const clipByValue = kernel<Input, Limits>(
  'ClipByValue',
  ({inputs, backend, attrs}) =>
    clip(backend, inputs.x, attrs.clipValueMin, attrs.clipValueMax) ?? backend.fallback('ClipByValue', inputs, attrs),
);

/** Relu or Relu6. */
function rectifier(name: string, operation: Unary, highest: number): SimdKernel {
  return kernel<Input, object>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (x.dtype === 'float32') return mapValues(backend, x, operation);
    return clip(backend, x, 0, highest) ?? backend.fallback(name, inputs, attrs);
  });
}

const logicalNot = kernel<Input, object>('LogicalNot', ({inputs, backend, attrs}) =>
  inputs.x.dtype === 'bool'
    ? mapValues(backend, inputs.x, Unary.LogicalNot, 'bool')
    : backend.fallback('LogicalNot', inputs, attrs),
);

const conversions: Partial<Record<string, Unary>> = {
  'float32 int32': Unary.FloatToInt,
  'float32 bool': Unary.ToBool,
  'int32 float32': Unary.IntToFloat,
  'int32 bool': Unary.IntToBool,
  'bool int32': Unary.BoolToInt,
  'bool float32': Unary.BoolToFloat,
};

/**
 * tfjs's Cast. tfjs's own CPU kernel gives a whole number the dtype float32 and leaves its bits as they are; here a
 * float32 tensor holds floats, always.
 */
const cast = kernel<Input, {dtype: tf.DataType}>('Cast', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  const {dtype} = attrs;
  if (!isNumeric(dtype) || !isNumeric(x.dtype)) return backend.fallback('Cast', inputs, attrs);
  if (x.dtype === dtype) return backend.share(x, x.shape);
  return mapValues(backend, x, conversions[`${x.dtype} ${dtype}`] as Unary, dtype);
});

export const unaryKernels: readonly SimdKernel[] = [
  unary('Abs', Unary.Abs, Unary.IntAbs),
  unary('Neg', Unary.Neg, Unary.IntNeg),
  unary('Square', Unary.Square, Unary.IntSquare),
  unary('Sqrt', Unary.Sqrt),
  unary('Rsqrt', Unary.Rsqrt),
  unary('Reciprocal', Unary.Reciprocal),
  unary('Floor', Unary.Floor),
  unary('Ceil', Unary.Ceil),
  unary('Round', Unary.Round),
  unary('Sign', Unary.Sign, Unary.IntSign),
  unary('Elu', Unary.Elu),
  unary('Selu', Unary.Selu),
  unary('Sigmoid', Unary.Sigmoid),
  unary('Softplus', Unary.Softplus),
  unary('Exp', Unary.Exp),
  unary('Expm1', Unary.Expm1),
  unary('Log', Unary.Log),
  unary('Log1p', Unary.Log1p),
  unary('Tanh', Unary.Tanh),
  unary('Erf', Unary.Erf),
  unary('Sin', Unary.Sin),
  unary('Cos', Unary.Cos),
  unary('Tan', Unary.Tan),
  unary('Sinh', Unary.Sinh),
  unary('Cosh', Unary.Cosh),
  unary('Asin', Unary.Asin),
  unary('Acos', Unary.Acos),
  unary('Atan', Unary.Atan),
  unary('Asinh', Unary.Asinh),
  unary('Acosh', Unary.Acosh),
  unary('Atanh', Unary.Atanh),
  predicate('IsNan', Unary.IsNan),
  predicate('IsInf', Unary.IsInf),
  predicate('IsFinite', Unary.IsFinite),
  withAlpha('Step', Unary.Step),
  withAlpha('LeakyRelu', Unary.LeakyRelu),
  rectifier('Relu', Unary.Relu, Number.POSITIVE_INFINITY),
  rectifier('Relu6', Unary.Relu6, 6),
  clipByValue,
  logicalNot,
  cast,
];
