import * as tf from '@tensorflow/tfjs';
import {attention, embeddingLookup, Random, softmaxCrossEntropy} from '@variants/core';
import type {SimdBackend} from '../../../../packages/core/src/engines/simd/backend';
import {SLEEPING_ADDRESS} from '../../../../packages/core/src/engines/simd/memory-layout';

/** The engine that is running. */
export const engine = () => tf.backend() as unknown as SimdBackend;

/** A number in the engine's memory that its threads share. */
export const shared = (address: number) => Atomics.load(engine().memoryBlocks.ints, address / 4);

/** Workers that are there and wait for work. */
export const sleeping = () => shared(SLEEPING_ADDRESS);

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean, milliseconds = 20_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`after ${milliseconds} ms it does not hold that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until so many workers are there. */
export const untilWorkers = (count: number) => until(`${count} workers have started`, () => sleeping() === count);

function randomTensor(name: string, ...shape: number[]): tf.Tensor {
  const random = new Random(1, name);
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

/** Results of what is shared among threads: products, sums, moves, FFT, fused kernels and their gradients. */
function compute(): tf.Tensor[] {
  const [a, b, wide] = [randomTensor('a', 300, 301), randomTensor('b', 301, 302), randomTensor('wide', 512, 777)];
  const [q, k, v] = ['q', 'k', 'v'].map((name) => randomTensor(name, 2, 4, 97, 16));
  const tokens = tf.tensor2d(
    Array.from({length: 600}, (_, i) => (7 * i) % 512),
    [2, 300],
    'int32',
  );
  const attend = (...inputs: tf.Tensor[]) => attention(inputs[0], inputs[1], inputs[2], {causal: true}).output.sum();
  return [
    tf.matMul(a, b),
    tf.matMul(b, a, true, true),
    tf.softmax(wide),
    tf.sum(wide, 0),
    tf.mean(wide),
    tf.transpose(wide),
    tf.tanh(wide).mul(wide),
    tf.spectral.rfft(wide).abs(),
    attention(q, k, v, {causal: true}).output,
    ...tf.grads(attend)([q, k, v]),
    tf.grad((x) => softmaxCrossEntropy(embeddingLookup(x, tokens), tokens).sum())(wide.slice([0, 0], [512, 512])),
  ];
}

/** All bytes that {@link compute} gives on the active backend. */
export function resultBytes(): Uint8Array[] {
  const bytes: Uint8Array[] = [];
  tf.tidy(() => {
    for (const {buffer} of compute().map((x) => x.dataSync())) bytes.push(new Uint8Array(buffer as ArrayBuffer));
  });
  return bytes;
}

/** The first result that differs from what was expected, as a sentence; undefined when all bits are equal. */
export function difference(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): string | undefined {
  for (const [i, bytes] of expected.entries()) {
    const at = bytes.findIndex((byte, j) => actual[i][j] !== byte);
    if (at >= 0 || actual[i].length !== bytes.length) return `result ${i} differs at byte ${at} of ${bytes.length}`;
  }
  return undefined;
}
