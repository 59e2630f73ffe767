import type * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {chunkOf, columnBlocks} from './state-columns';
import {mapValues} from './unary';

type Call = Record<string, never>;

interface Inputs {
  queries: tf.TensorInfo;
  keys: tf.TensorInfo;
  values: tf.TensorInfo;
  decay: tf.TensorInfo;
  bonus?: tf.TensorInfo;
  state?: tf.TensorInfo;
}

const named = (names: string[], tensors: tf.TensorInfo[]) =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as unknown as Inputs;

const addressOf = (backend: SimdBackend, tensor: tf.TensorInfo | undefined) => (tensor ? backend.address(tensor) : 0);

function sizesOf({keys, values}: Inputs) {
  const [batch, time, heads, keySize] = keys.shape;
  const valueSize = values.shape[3];
  const stateShape = [batch, heads, keySize, valueSize];
  return {batch, time, heads, keySize, valueSize, stateShape, work: 3 * batch * time * heads * keySize * valueSize};
}

/** The arguments that both directions begin with. */
function sharedArgs(
  backend: SimdBackend,
  inputs: Inputs,
  factors: tf.TensorInfo,
  output: tf.TensorInfo,
  last: tf.TensorInfo | undefined,
): number[] {
  const {queries, keys, values, decay, bonus, state} = inputs;
  const {time, heads, keySize, valueSize} = sizesOf(inputs);
  const tensors = [queries, keys, values, factors, bonus, state, output, last];
  const decayStep = decay.shape.length === 2 ? 0 : 4 * heads * keySize;
  return [
    ...tensors.map((tensor) => addressOf(backend, tensor)),
    ...[time, heads, keySize, valueSize, decayStep, time * decayStep],
  ];
}

const forward = fusedKernel<Call>('LinearRecurrence', (tensors, backend, {names}) => {
  const inputs = named(names, tensors);
  const {batch, heads, valueSize, stateShape, work} = sizesOf(inputs);
  const [output, last] = [inputs.values.shape, stateShape].map((shape) => backend.output(shape));
  const factors = mapValues(backend, inputs.decay, Unary.Exp);
  const args = sharedArgs(backend, inputs, factors, output, last);
  backend.threads.run('jobLinearRecurrence', args, batch * heads * columnBlocks(valueSize), work);
  backend.disposeData(factors.dataId);
  return [output, last];
});

const backward = fusedKernel<Call>('LinearRecurrenceGradient', ([dOutput, dLast, ...saved], backend, {names}) => {
  const inputs = named(names, saved);
  const {keys, values, decay, bonus, state} = inputs;
  const {batch, time, heads, keySize, stateShape, work} = sizesOf(inputs);
  const [dQueries, dKeys, dValues] = [keys, keys, values].map(({shape}) => backend.output(shape));
  const isFixed = decay.shape.length === 2;
  const dDecay = backend.output(isFixed ? [batch, heads, keySize] : decay.shape);
  const dBonus = bonus && backend.output([batch, heads, keySize]);
  const dState = state && backend.output(stateShape);
  const factors = mapValues(backend, decay, Unary.Exp);
  const {chunk, startFloats} = chunkOf(time, keySize);
  borrowing(backend, (borrowed) => {
    const args = [
      ...sharedArgs(backend, inputs, factors, saved[names.length], undefined),
      ...[dOutput, dLast, dQueries, dKeys, dValues, dDecay, dBonus, dState].map((x) => addressOf(backend, x)),
      ...[chunk, borrowed.floats(batch * heads * startFloats), 4 * startFloats],
    ];
    backend.threads.run('jobLinearRecurrenceGradient', args, batch * heads, 4 * work);
  });
  backend.disposeData(factors.dataId);
  return [
    ...[dQueries, dKeys, dValues],
    isFixed ? sumOfParts(backend, dDecay, decay.shape) : dDecay,
    ...(dBonus ? [sumOfParts(backend, dBonus, [heads, keySize])] : []),
    ...(dState ? [dState] : []),
  ];
});

/** The fused kernels of `kernels/linear-recurrence`. */
export const linearRecurrenceKernels: readonly SimdKernel[] = [forward, backward];
