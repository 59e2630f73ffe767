import * as tf from '@tensorflow/tfjs';
import {Reduction, Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import type {NumericType} from '../tensor-data';
import {CHEAP} from './cost';
import {floatBits, type KernelCall, kernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

/** About as many values as a piece has. */
const PIECE = 16384;
/** A row longer than two of these is reduced in chunks of them. */
const ROW_CHUNK = 4096;
/** A column's chunks have at least so many rows, or their results would be worth mentioning. */
const COLUMN_CHUNK = 32;
/** Columns of a piece: their results stay in the nearest cache. */
const BLOCK = 2048;

type Axes = number | number[] | undefined;

/** [outer, length, inner], of which the middle axis is reduced. */
type Around = readonly [outer: number, length: number, inner: number];

/** The length of the chunks that the middle axis is reduced in. Products of floats are not cut; see the assembly. */
function chunkOf([, length, inner]: Around, operation: Reduction): number {
  if (operation === Reduction.Prod) return length;
  const chunk = inner === 1 ? ROW_CHUNK : Math.max(COLUMN_CHUNK, Math.ceil(ROW_CHUNK / inner));
  return length <= 2 * chunk ? length : chunk;
}

/**
 * Reduces the middle axis.
 * @param divisor What sums of floats are divided by in the end.
 */
export function reduceMiddle(
  backend: SimdBackend,
  x: tf.TensorInfo,
  operation: Reduction,
  around: Around,
  divisor = 1,
): tf.TensorInfo {
  const [outer, length, inner] = around;
  const chunk = chunkOf(around, operation);
  const chunks = Math.ceil(length / chunk);
  const blocks = Math.ceil(inner / BLOCK);
  const group = chunks * blocks === 1 ? Math.ceil(PIECE / (length * inner)) : 1;
  const output = backend.output([outer, chunks, inner], x.dtype as NumericType);
  const sizes = [outer, length, inner, chunk, chunks, Math.min(inner, BLOCK), group];
  const args = [operation, backend.address(x), output.address, ...sizes, floatBits(chunks === 1 ? divisor : 1)];
  backend.threads.run('jobReduce', args, Math.ceil(outer / group) * chunks * blocks, CHEAP * outer * length * inner);
  if (chunks === 1) return output;
  const result = reduceMiddle(backend, output, operation, [outer, chunks, inner], divisor);
  backend.disposeData(output.dataId);
  return result;
}

/** Groups of neighbouring axes that are reduced, the last first; those of length 1 are left out. */
function groupsOf(shape: number[], axes: ReadonlySet<number>): Around[] {
  const groups: Around[] = [];
  const left = [...shape];
  const size = (from: number, to: number) => left.slice(from, to).reduce((product, length) => product * length, 1);
  for (let last = shape.length - 1; last >= 0; last--) {
    if (!axes.has(last)) continue;
    let first = last;
    while (axes.has(first - 1)) first--;
    const length = size(first, last + 1);
    if (length !== 1) groups.push([size(0, first), length, size(last + 1, shape.length)]);
    left.fill(1, first, last + 1);
    last = first;
  }
  return groups;
}

/**
 * Reduces axes, all of them if none are given; the result, of the dtype of x, has their shape left out, or as 1.
 * @param mean Whether sums of floats are divided by the number of values.
 */
export function reduce(
  backend: SimdBackend,
  x: tf.TensorInfo,
  operation: Reduction,
  axis: Axes,
  keepDims: boolean,
  mean = false,
): tf.TensorInfo {
  const axes = new Set(tf.util.parseAxisParam(axis as number | number[], x.shape));
  const groups = groupsOf(x.shape, axes);
  const count = groups.reduce((product, [, length]) => product * length, 1);
  let current = x;
  groups.forEach((around, i) => {
    const isLast = i === groups.length - 1;
    const next = reduceMiddle(backend, current, operation, around, mean && isLast ? count : 1);
    if (current !== x) backend.disposeData(current.dataId);
    current = next;
  });
  const shape = x.shape.map((length, i) => (axes.has(i) ? 1 : length));
  const left = keepDims ? shape : shape.filter((_, i) => !axes.has(i));
  return current === x ? backend.share(x, left) : {...current, shape: left};
}

type Input = {x: tf.TensorInfo};
type Attributes = {axis?: Axes; reductionIndices?: Axes; keepDims: boolean};
type Call = KernelCall<Input, Attributes>;

/** Reduces a tensor after a conversion. */
function reduceConverted(
  backend: SimdBackend,
  x: tf.TensorInfo,
  conversion: Unary.BoolToInt | Unary.BoolToFloat | Unary.IntToFloat,
  run: (converted: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  const converted = mapValues(backend, x, conversion, conversion === Unary.BoolToInt ? 'int32' : 'float32');
  const result = run(converted);
  backend.disposeData(converted.dataId);
  return result;
}

/** The operation for each dtype; where there is none for truth values, they are counted as whole numbers. */
type Operations = {float32: Reduction; int32: Reduction; bool?: Reduction};

/** The result, if it is one that is computed here. */
function reduced({inputs: {x}, backend, attrs}: Call, operations: Operations): tf.TensorInfo | undefined {
  if (x.shape.includes(0)) return undefined;
  const operation = operations[x.dtype as NumericType];
  const axis = attrs.axis ?? attrs.reductionIndices;
  if (operation !== undefined) return reduce(backend, x, operation, axis, attrs.keepDims);
  if (x.dtype !== 'bool') return undefined;
  const run = (whole: tf.TensorInfo) => reduce(backend, whole, operations.int32, axis, attrs.keepDims);
  return reduceConverted(backend, x, Unary.BoolToInt, run);
}

const reduction = (name: string, operations: Operations): SimdKernel =>
  kernel<Input, Attributes>(
    name,
    (call) => reduced(call, operations) ?? call.backend.fallback(name, call.inputs, call.attrs),
  );

/** Floats multiplied along axes that are no neighbours go to tfjs's kernel: products of some of them may overflow. */
const prod = kernel<Input, Attributes>('Prod', (call) => {
  const {x} = call.inputs;
  const axes = new Set(tf.util.parseAxisParam(call.attrs.axis as number | number[], x.shape));
  const isSimple = x.dtype !== 'float32' || groupsOf(x.shape, axes).length < 2;
  const result = isSimple ? reduced(call, {float32: Reduction.Prod, int32: Reduction.IntProd}) : undefined;
  return result ?? call.backend.fallback('Prod', call.inputs, call.attrs);
});

/** All or Any. */
const question = (name: string, operation: Reduction): SimdKernel =>
  kernel<Input, Attributes>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (x.dtype !== 'bool' || x.shape.includes(0)) return backend.fallback(name, inputs, attrs);
    return reduce(backend, x, operation, attrs.axis, attrs.keepDims);
  });

const mean = kernel<Input, Attributes>('Mean', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (x.shape.includes(0)) return backend.fallback('Mean', inputs, attrs);
  const run = (floats: tf.TensorInfo) => reduce(backend, floats, Reduction.Sum, attrs.axis, attrs.keepDims, true);
  if (x.dtype === 'float32') return run(x);
  if (x.dtype === 'int32') return reduceConverted(backend, x, Unary.IntToFloat, run);
  if (x.dtype === 'bool') return reduceConverted(backend, x, Unary.BoolToFloat, run);
  return backend.fallback('Mean', inputs, attrs);
});

export const reduceKernels: readonly SimdKernel[] = [
  reduction('Sum', {float32: Reduction.Sum, int32: Reduction.IntSum}),
  reduction('Max', {float32: Reduction.Max, int32: Reduction.IntMax, bool: Reduction.Any}),
  reduction('Min', {float32: Reduction.Min, int32: Reduction.IntMin, bool: Reduction.All}),
  question('All', Reduction.All),
  question('Any', Reduction.Any),
  mean,
  prod,
];
