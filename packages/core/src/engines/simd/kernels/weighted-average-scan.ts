import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';

/** Channels of a piece; see `assembly/weighted-average-scan.ts`. */
const GROUP = 16;

/** Of a value, in about the time of a multiplication in a matrix product. */
const COST = 32;

type Call = Record<string, never>;

const addressOf = (backend: SimdBackend, tensor: tf.TensorInfo | undefined) => (tensor ? backend.address(tensor) : 0);

/** How the work on keys [batch, time, channels] is cut. */
function sizesOf({shape: [batch, time, channels]}: tf.TensorInfo) {
  return {batch, time, channels, pieces: batch * Math.ceil(channels / GROUP), work: COST * batch * time * channels};
}

/** The state's tensors of a list that begins with four others; all of them or none are there. */
const stateOf = (inputs: tf.TensorInfo[], count: number) =>
  Array.from({length: 3}, (_, i) => (count > 4 ? inputs[4 + i] : undefined));

const forward = fusedKernel<Call>('WeightedAverageScan', (inputs, backend, {names}) => {
  const {batch, time, channels, pieces, work} = sizesOf(inputs[0]);
  const outputs = [inputs[0].shape, ...Array(3).fill([batch, channels])].map((shape) => backend.output(shape));
  const tensors = [...inputs.slice(0, 4), ...stateOf(inputs, names.length), ...outputs];
  const args = [...tensors.map((tensor) => addressOf(backend, tensor)), time, channels];
  backend.threads.run('jobWeightedAverageScan', args, pieces, work);
  return outputs;
});

const backward = fusedKernel<Call>('WeightedAverageScanGradient', (tensors, backend, {names}) => {
  const [outputGradients, inputs] = [tensors.slice(0, 4), tensors.slice(4)];
  const [keys, values, decay] = inputs;
  const output = inputs[names.length];
  const state = stateOf(inputs, names.length);
  const {batch, time, channels, pieces, work} = sizesOf(keys);
  const [dKeys, dValues] = [keys, values].map(({shape}) => backend.output(shape));
  const parts = [0, 1].map(() => backend.output([batch, channels]));
  const dState = state.flatMap((tensor) => (tensor ? [backend.output(tensor.shape)] : []));
  const saved = [...inputs.slice(0, 4), ...state, output].map((tensor) => addressOf(backend, tensor));
  const written = [dKeys, dValues, ...parts, ...(dState.length ? dState : Array(3))];
  const args = [
    ...[...saved, 0, 0, 0, time, channels],
    ...[...outputGradients, ...written].map((tensor) => addressOf(backend, tensor)),
  ];
  backend.threads.run('jobWeightedAverageScanGradient', args, pieces, 2 * work);
  return [dKeys, dValues, ...parts.map((part) => sumOfParts(backend, part, decay.shape)), ...dState];
});

/** The fused kernels of `kernels/weighted-average-scan`. */
export const weightedAverageScanKernels: readonly SimdKernel[] = [forward, backward];
