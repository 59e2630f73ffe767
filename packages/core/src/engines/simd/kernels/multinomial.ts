import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {alea} from './alea';
import {kernel, type SimdKernel} from './kernel';

interface Attributes {
  numSamples: number;
  seed: number;
  normalized: boolean;
}

/** The first event whose cumulative probability is above `u`; the last one where none is. */
function draw(cumulative: Float32Array, u: number): number {
  let [first, last] = [0, cumulative.length];
  while (first < last) {
    const middle = (first + last) >> 1;
    if (cumulative[middle] <= u) first = middle + 1;
    else last = middle;
  }
  // NaN is above nothing, and nothing after it is.
  return Number.isNaN(cumulative[first]) ? cumulative.length : first;
}

function softmax(backend: SimdBackend, logits: tf.TensorInfo): tf.TensorInfo {
  const {kernelFunc} = tf.getKernel('Softmax', 'simd');
  return kernelFunc({inputs: {logits}, backend, attrs: {dim: -1}}) as tf.TensorInfo;
}

/** tfjs's Multinomial: the samples of its own CPU kernel, found by bisection. */
export const multinomialKernels: readonly SimdKernel[] = [
  kernel<{logits: tf.TensorInfo}, Attributes>('Multinomial', ({inputs, backend, attrs}) => {
    const {logits} = inputs;
    const {numSamples, seed, normalized} = attrs;
    if (logits.dtype !== 'float32') return backend.fallback('Multinomial', inputs, attrs);
    const probabilities = normalized ? backend.share(logits, logits.shape) : softmax(backend, logits);
    const [batch, numEvents] = logits.shape;
    const output = backend.output([batch, numSamples], 'int32');
    const [from, to] = [backend.values(probabilities), backend.values(output)];
    const random = alea(seed.toString());
    const uniform = Float64Array.from({length: numSamples}, random);
    const cumulative = new Float32Array(numEvents - 1);
    for (let b = 0, sum = 0; b < batch; b++, sum = 0) {
      for (let i = 0; i < cumulative.length; i++) {
        sum = Math.fround(sum + from[b * numEvents + i]);
        cumulative[i] = sum;
      }
      for (let i = 0; i < numSamples; i++) to[b * numSamples + i] = draw(cumulative, uniform[i]);
    }
    backend.disposeData(probabilities.dataId);
    return output;
  }),
];
