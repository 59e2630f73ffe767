import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {borrowing} from './borrowed';
import {type CopyAxis, copyStrided, stridesOf} from './copy';
import {bytesOf, kernel, type SimdKernel} from './kernel';

type Input = {x: tf.TensorInfo};
type Paddings = [number, number][];

/** A run of indices of one axis: where it begins in the target, and where and how it is read. */
interface Run {
  size: number;
  to: number;
  from: number;
  step: -1 | 0 | 1;
}

const paddedShape = (shape: number[], paddings: Paddings) =>
  shape.map((length, axis) => paddings[axis][0] + length + paddings[axis][1]);

/** Copies what the runs, one of each axis, take from tensors with these strides. */
function copyRuns(
  backend: SimdBackend,
  source: {address: number; strides: number[]},
  target: {address: number; strides: number[]},
  runs: Run[],
  bytes: 1 | 4,
): void {
  let {address: from} = source;
  let {address: to} = target;
  const axes: CopyAxis[] = runs.map((run, axis) => {
    from += run.from * source.strides[axis] * bytes;
    to += run.to * target.strides[axis] * bytes;
    return {size: run.size, from: run.step * source.strides[axis], to: target.strides[axis]};
  });
  copyStrided(backend, from, to, axes, bytes);
}

/** Calls `use` with each combination of one run per axis. */
function combine(choices: Run[][], use: (runs: Run[]) => void, chosen: Run[] = []): void {
  if (chosen.length === choices.length) use(chosen);
  else for (const run of choices[chosen.length]) combine(choices, use, [...chosen, run]);
}

/** A tensor with a constant around it, each value of the result written once. */
export function padConstant(backend: SimdBackend, x: tf.TensorInfo, paddings: Paddings, value: number): tf.TensorInfo {
  const shape = paddedShape(x.shape, paddings);
  const output = backend.output(shape, x.dtype as NumericType);
  const bytes = bytesOf(x.dtype);
  const target = {address: output.address, strides: stridesOf(shape)};
  const inside = x.shape.map((size, axis): Run => ({size, to: paddings[axis][0], from: 0, step: 1}));
  copyRuns(backend, {address: backend.address(x), strides: stridesOf(x.shape)}, target, inside, bytes);
  borrowing(backend, (borrowed) => {
    const address = borrowed.floats(1);
    const {ints, floats, bytes: octets} = backend.memoryBlocks;
    if (x.dtype === 'float32') floats[address / 4] = value;
    else if (x.dtype === 'int32') ints[address / 4] = value;
    else octets[address] = value;
    const constant = {address, strides: shape.map(() => 0)};
    for (const [axis, [before, after]] of paddings.entries())
      for (const [to, size] of [
        [0, before],
        [before + x.shape[axis], after],
      ]) {
        // Axes before this one from their inside only: their margins have been written.
        const runs = inside.map((run, i) => (i < axis ? run : {size: shape[i], to: 0, from: 0, step: 0 as const}));
        runs[axis] = {size, to, from: 0, step: 0};
        copyRuns(backend, constant, target, runs, bytes);
      }
  });
  return output;
}

const padV2 = kernel<Input, {paddings: Paddings; constantValue: number}>('PadV2', ({inputs, backend, attrs}) => {
  const {paddings, constantValue} = attrs;
  const isNegative = paddings.some(([before, after]) => before < 0 || after < 0);
  if (!isNumeric(inputs.x.dtype) || isNegative) return backend.fallback('PadV2', inputs, attrs);
  return padConstant(backend, inputs.x, paddings, constantValue);
});

const mirrorPad = kernel<Input, {paddings: Paddings; mode: 'reflect' | 'symmetric'}>(
  'MirrorPad',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {paddings, mode} = attrs;
    if (!isNumeric(x.dtype)) return backend.fallback('MirrorPad', inputs, attrs);
    const shape = paddedShape(x.shape, paddings);
    const output = backend.output(shape, x.dtype);
    const edge = mode === 'reflect' ? 1 : 0;
    const choices = x.shape.map((size, axis): Run[] => {
      const [before, after] = paddings[axis];
      return [
        {size: before, to: 0, from: before - 1 + edge, step: -1},
        {size, to: before, from: 0, step: 1},
        {size: after, to: before + size, from: size - 1 - edge, step: -1},
      ];
    });
    const source = {address: backend.address(x), strides: stridesOf(x.shape)};
    const target = {address: output.address, strides: stridesOf(shape)};
    combine(choices, (runs) => copyRuns(backend, source, target, runs, bytesOf(x.dtype)));
    return output;
  },
);

const tile = kernel<Input, {reps: number[]}>('Tile', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isNumeric(x.dtype)) return backend.fallback('Tile', inputs, attrs);
  const shape = x.shape.map((length, axis) => length * attrs.reps[axis]);
  if (attrs.reps.every((count) => count === 1)) return backend.share(x, shape);
  const output = backend.output(shape, x.dtype);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  // Along each axis: the copies, then the values of one.
  const axes = x.shape.flatMap((size, axis) => [
    {size: attrs.reps[axis], from: 0, to: size * to[axis]},
    {size, from: from[axis], to: to[axis]},
  ]);
  copyStrided(backend, backend.address(x), output.address, axes, bytesOf(x.dtype));
  return output;
});

/** Kernels that extend a tensor. */
export const padKernels: readonly SimdKernel[] = [padV2, mirrorPad, tile];
