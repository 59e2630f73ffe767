import type * as tf from '@tensorflow/tfjs';
import type {AdamWCall} from '../../../kernels/adam-w-step';
import type {SimdBackend} from '../backend';
import {type Borrowed, borrowing} from './borrowed';
import {floatBits, listKernel, type SimdKernel} from './kernel';

/** Values of a piece, a multiple of 4. */
const PIECE = 8192;

/** Of a value, in about the time of a multiplication in a matrix product. */
const STEP_COST = 16;
const NORM_COST = 2;

/** A range of a tensor that makes a piece: where it begins, in bytes, and how many values it has. */
interface Range {
  tensor: number;
  offset: number;
  count: number;
}

/** Cuts tensors of these sizes. */
function cut(sizes: readonly number[]): Range[] {
  return sizes.flatMap((size, tensor) =>
    Array.from({length: Math.ceil(size / PIECE)}, (_, i) => ({
      tensor,
      offset: 4 * i * PIECE,
      count: Math.min(PIECE, size - i * PIECE),
    })),
  );
}

/** The rows that describe a job's pieces, 32-bit values, in memory; what a kernel allocates comes before all else it does. */
function tableOf(backend: SimdBackend, borrowed: Borrowed, rows: number[][]): number {
  const table = borrowed.floats(rows.length * (rows[0]?.length ?? 0));
  backend.memoryBlocks.ints.set(rows.flat(), table / 4);
  return table;
}

const sizeOf = (backend: SimdBackend, tensor: tf.TensorInfo) => backend.values(tensor).length;
const total = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);

/** The numbers of the step as the job has them. */
function factorsOf({step, learningRate, betas: [beta1, beta2], epsilon}: AdamWCall['numbers'], scale: number) {
  const rootScale = 1 / Math.sqrt(1 - beta2 ** step);
  const rate = learningRate / (1 - beta1 ** step);
  return [scale, beta1, 1 - beta1, beta2, 1 - beta2, rootScale, epsilon, rate].map(floatBits);
}

const adamWStep = listKernel<AdamWCall>('AdamWStep', (tensors, backend, {numbers, weightDecays, isScaled}) => {
  const scale = isScaled ? backend.values(tensors[0])[0] : 1;
  const parts = weightDecays.map((weightDecay, i) => {
    const start = 4 * i + (isScaled ? 1 : 0);
    const [weight, gradient, first, second] = tensors.slice(start, start + 4);
    const from = [weight, gradient, first, second].map((tensor) => backend.address(tensor));
    const next = [weight, first, second].map((tensor) => backend.takeOver(tensor));
    const keep = floatBits(1 - numbers.learningRate * weightDecay);
    return {next, addresses: [...from, ...next.map(({address}) => address)], size: sizeOf(backend, weight), keep};
  });
  const sizes = parts.map(({size}) => size);
  const rows = cut(sizes).map(({tensor, offset, count}) => {
    const {addresses, keep} = parts[tensor];
    return [...addresses.map((address) => address + offset), count, keep];
  });
  borrowing(backend, (borrowed) => {
    const args = [tableOf(backend, borrowed, rows), ...factorsOf(numbers, scale)];
    backend.threads.run('jobAdam', args, rows.length, STEP_COST * total(sizes));
  });
  return parts.flatMap(({next}) => next);
});

const globalNorm = listKernel<object>('GlobalNorm', (tensors, backend) => {
  const output = backend.output([]);
  const sizes = tensors.map((tensor) => sizeOf(backend, tensor));
  const rows = cut(sizes).map(({tensor, offset, count}) => [backend.address(tensors[tensor]) + offset, count]);
  borrowing(backend, (borrowed) => {
    const sums = borrowed.floats(2 * rows.length);
    backend.threads.run(
      'jobSumOfSquares',
      [tableOf(backend, borrowed, rows), sums],
      rows.length,
      NORM_COST * total(sizes),
    );
    const squares = new Float64Array(backend.memoryBlocks.memory.buffer, sums, rows.length);
    backend.values(output)[0] = Math.sqrt(total([...squares]));
  });
  return [output];
});

/** The fused kernels of `kernels/adam-w-step` and `kernels/global-norm`. */
export const adamKernels: readonly SimdKernel[] = [adamWStep, globalNorm];
