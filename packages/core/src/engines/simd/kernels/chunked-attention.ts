import type * as tf from '@tensorflow/tfjs';
import type {ChunkedAttentionAttributes} from '../../../kernels/chunked-attention';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {floatBits, fusedKernel, type SimdKernel} from './kernel';
import {addressOf, named} from './recurrence';
import {workSlots} from './work-slots';

/** Chunks of a piece of the forward pass. */
const PIECE_CHUNKS = 8;

const upTo = (count: number, step: number) => Math.ceil(count / step) * step;

/** The tensors of a call. */
interface Tensors {
  queries: tf.TensorInfo;
  keys: tf.TensorInfo;
  values: tf.TensorInfo;
  order?: tf.TensorInfo;
  mask?: tf.TensorInfo;
}

/** The sizes of a call, the arguments that both directions begin with, and about how many multiplications a pass takes. */
function shapeOf(
  backend: SimdBackend,
  {queries, keys, values, order, mask}: Tensors,
  attributes: ChunkedAttentionAttributes,
) {
  const {chunkLength: chunk, before, after, causal, selfScore} = attributes;
  const [batch, heads, time, size] = queries.shape;
  const valueSize = values.shape[3];
  const rounds = order ? order.shape[2] : 1;
  const length = chunk * (before + 1 + after);
  const args = [
    ...[queries, keys, values, order, mask].map((tensor) => addressOf(backend, tensor)),
    ...[heads, time, rounds, size, valueSize, chunk, before, after, causal ? 1 : 0],
    ...[selfScore === null ? 0 : 1, floatBits(selfScore ?? 0)],
  ];
  const work = batch * heads * rounds * time * length * (size + valueSize);
  return {rows: batch * heads, time, size, valueSize, rounds, chunk, width: upTo(length, 8), args, work};
}

const forward = fusedKernel<ChunkedAttentionAttributes>('ChunkedAttention', (tensors, backend, {names, attributes}) => {
  const inputs = named<Tensors>(names, tensors);
  const {rows, time, size, valueSize, rounds, chunk, width, args, work} = shapeOf(backend, inputs, attributes);
  const shape = inputs.queries.shape.slice(0, 3);
  const [output, largest, total] = [inputs.values.shape, shape, shape].map((each) => backend.output(each));
  const pieces = Math.ceil(time / chunk / PIECE_CHUNKS);
  const floats =
    upTo(chunk, 4) +
    2 * width +
    upTo(chunk * size, 4) +
    upTo(8 * size, 4) +
    width * (size + upTo(valueSize, 8)) +
    4 * width +
    upTo(4 * valueSize, 4);
  borrowing(backend, (borrowed) => {
    const slots = workSlots(backend, borrowed, 4 * upTo(floats, 16));
    // A round's queries add to what those of the round before found.
    for (let round = 0; round < rounds; round++) {
      const own = [output.address, largest.address, total.address, round, PIECE_CHUNKS, pieces];
      backend.threads.run('jobChunkedAttention', [...args, ...own, ...slots], rows * pieces, work / rounds);
    }
  });
  return [output, largest, total];
});

const backward = fusedKernel<ChunkedAttentionAttributes>(
  'ChunkedAttentionGradient',
  ([dOutput, , , ...saved], backend, {names, attributes}) => {
    const inputs = named<Tensors>(names, saved);
    const {rows, size, valueSize, chunk, width, args, work} = shapeOf(backend, inputs, attributes);
    const outputs = saved.slice(names.length);
    const gradients = [inputs.queries, inputs.keys, inputs.values].map(({shape}) => backend.output(shape));
    const high = upTo(chunk, 4);
    const floats =
      high +
      2 * width +
      8 * upTo(Math.max(size, valueSize), 4) +
      high * (upTo(size, 4) + upTo(valueSize, 4)) +
      high * (upTo(size, 8) + upTo(valueSize, 8)) +
      width * (size + valueSize + upTo(size, 8)) +
      4 * high * width;
    borrowing(backend, (borrowed) => {
      const slots = workSlots(backend, borrowed, 4 * upTo(floats, 16));
      const addresses = [...outputs, dOutput, ...gradients].map((tensor) => backend.address(tensor));
      backend.threads.run('jobChunkedAttentionGradient', [...args, ...addresses, ...slots], rows, 2.5 * work);
    });
    return gradients;
  },
);

/** The fused kernels of `kernels/chunked-attention`. */
export const chunkedAttentionKernels: readonly SimdKernel[] = [forward, backward];
