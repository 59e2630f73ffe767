import type * as tf from '@tensorflow/tfjs';
import type {LongConvolutionAttributes} from '../../../kernels/long-convolution';
import type {SimdBackend} from '../backend';
import {type Borrowed, borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {addressOf, named} from './recurrence';
import {POINT_BYTES, skewPoints, skewTable} from './skew-fft';
import {workSlots} from './work-slots';

interface Inputs {
  x: tf.TensorInfo;
  filter: tf.TensorInfo;
  future?: tf.TensorInfo;
  skip?: tf.TensorInfo;
  gate?: tf.TensorInfo;
}

type Output = ReturnType<SimdBackend['output']>;

/** Bytes at the start of a slot; see `Spaces` in `assembly/long-convolution-gradient.ts`. */
const SLOT_HEAD = 64;

/** So many pieces at least, where the batch has enough rows, so that threads share few channels too. */
const PIECES = 16;

/** The sizes of a call, and how it is cut into pieces, whatever the number of threads. */
function sizesOf({x, filter, future}: Inputs, {mode}: LongConvolutionAttributes) {
  const [batch, time, channels] = x.shape;
  const taps = Math.min(filter.shape[0], time);
  // In a circle the taps of later positions are the filter's own, the last of them first.
  const isCircle = mode === 'circular';
  const futureEnd = isCircle ? time - 1 : Math.min(future?.shape[0] ?? 0, time - 1);
  const futureRange = [isCircle ? time - taps : 0, futureEnd];
  const points = skewPoints(time + Math.max(taps - 1, futureEnd));
  const groups = Math.ceil(channels / 4);
  const rows = Math.ceil(batch / Math.min(batch, Math.ceil(PIECES / groups)));
  const parts = Math.ceil(batch / rows);
  // Of one transform of all rows.
  const work = 8 * batch * groups * points * Math.log2(points);
  return {batch, time, channels, isCircle, taps, futureRange, points, rows, parts, pieces: groups * parts, work};
}

type Sizes = ReturnType<typeof sizesOf>;

/** The arguments that a convolution and its gradient begin with. `spaces`: for so many transforms there is room. */
function convolutionArgs(
  backend: SimdBackend,
  borrowed: Borrowed,
  inputs: Inputs,
  sizes: Sizes,
  output: tf.TensorInfo,
  spaces: number,
): number[] {
  const {x, filter, future, skip, gate} = inputs;
  const {batch, time, channels, isCircle, taps, futureRange, rows, points} = sizes;
  const row = 4 * channels;
  const futureTaps = isCircle ? [backend.address(filter) + (time - 1) * row, -row] : [addressOf(backend, future), row];
  return [
    ...[backend.address(x), backend.address(filter), ...futureTaps],
    ...[skip, gate, output].map((tensor) => addressOf(backend, tensor)),
    ...[batch, time, channels, taps, ...futureRange, rows, points, skewTable(backend, points)],
    ...workSlots(backend, borrowed, spaces * points * POINT_BYTES + SLOT_HEAD),
  ];
}

const forward = fusedKernel<LongConvolutionAttributes>('LongConvolution', (tensors, backend, {names, attributes}) => {
  const inputs = named<Inputs>(names, tensors);
  const sizes = sizesOf(inputs, attributes);
  const output = backend.output(inputs.x.shape);
  borrowing(backend, (borrowed) => {
    const args = convolutionArgs(backend, borrowed, inputs, sizes, output, 2);
    backend.threads.run('jobLongConvolution', args, sizes.pieces, 3 * sizes.work);
  });
  return [output];
});

const backward = fusedKernel<LongConvolutionAttributes>(
  'LongConvolutionGradient',
  ([dOutput, ...saved], backend, {names, attributes}) => {
    const inputs = named<Inputs>(names, saved);
    const {x, filter, future, skip, gate} = inputs;
    const sizes = sizesOf(inputs, attributes);
    const {time, channels, isCircle, parts, pieces, work} = sizes;
    const dX = backend.output(x.shape);
    const [dFilter, dFuture, dSkip] = [filter, future, skip].map(
      (tensor) => tensor && backend.output([parts, ...tensor.shape]),
    ) as [Output, Output | undefined, Output | undefined];
    const dGate = gate && backend.output(gate.shape);
    const row = 4 * channels;
    const [filterLength, futureLength] = [filter, future].map((tensor) => tensor?.shape[0] ?? 0);
    const futureArgs = isCircle
      ? [dFilter.address + (time - 1) * row, -row, filterLength * row, 0]
      : [addressOf(backend, dFuture), row, futureLength * row, futureLength];
    borrowing(backend, (borrowed) => {
      const args = [
        ...convolutionArgs(backend, borrowed, inputs, sizes, saved[names.length], 4),
        ...[backend.address(dOutput), dX.address, dFilter.address, filterLength, ...futureArgs],
        ...[addressOf(backend, dSkip), addressOf(backend, dGate)],
      ];
      backend.threads.run('jobLongConvolutionGradient', args, pieces, 5 * work);
    });
    const summed = (gradient: Output) => sumOfParts(backend, gradient, gradient.shape.slice(1));
    return [
      ...[dX, summed(dFilter)],
      ...(dFuture ? [summed(dFuture)] : []),
      ...(dSkip ? [summed(dSkip)] : []),
      ...(dGate ? [dGate] : []),
    ];
  },
);

/** The fused kernels of `kernels/long-convolution`. */
export const longConvolutionKernels: readonly SimdKernel[] = [forward, backward];
