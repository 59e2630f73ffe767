import type * as tf from '@tensorflow/tfjs';
import type {OnlineConvolutionInputs} from '../../../kernels/online-convolution';
import {ownCopy} from './append-rows';
import {borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {named} from './recurrence';
import {POINT_BYTES, skewTable} from './skew-fft';
import {workSlots} from './work-slots';

/** Positions of the shortest block; see `assembly/online-convolution.ts`. */
const SHORTEST = 32;

/** Bytes at the start of a slot. */
const SLOT_HEAD = 64;

const logOf = (n: number) => Math.floor(Math.log2(Math.max(1, n)));

/** The fused kernel of `kernels/online-convolution`. */
const onlineConvolution = fusedKernel<object>('OnlineConvolution', (tensors, backend, {names}) => {
  const given = named<{[name in keyof OnlineConvolutionInputs]: tf.TensorInfo}>(names, tensors);
  const {x, filter, length, base} = given;
  const [batch, time, channels] = x.shape;
  const [, capacity] = given.inputs.shape;
  const output = backend.output(x.shape);
  const newBase = backend.output([], 'int32');
  const kept = [given.inputs, given.carried, given.blocks].map((rows) => ownCopy(backend, rows));
  // The longest transforms: of all positions, to those that there is room for, and of a piece with itself.
  const log = Math.max(2, logOf(capacity - 2), time >= SHORTEST ? logOf(time) : 0);
  const [longest, shorter] = [skewTable(backend, 2 ** log), skewTable(backend, 2 ** Math.max(2, log - 1))];
  borrowing(backend, (borrowed) => {
    const args = [
      ...[x, output, filter, ...kept, length, base, newBase].map((tensor) => backend.address(tensor)),
      ...[batch, time, channels, filter.shape[0], capacity],
      ...(log % 2 === 0 ? [longest, shorter] : [shorter, longest]),
      ...workSlots(backend, borrowed, 2 * 2 ** log * POINT_BYTES + SLOT_HEAD),
    ];
    // On average, wherever the position is.
    const work = batch * time * channels * (SHORTEST + 2 * log * log);
    backend.threads.run('jobOnlineConvolution', args, Math.ceil(channels / 4), work);
  });
  return [output, ...kept, newBase];
});

/** The fused kernels of `kernels/online-convolution`. */
export const onlineConvolutionKernels: readonly SimdKernel[] = [onlineConvolution];
