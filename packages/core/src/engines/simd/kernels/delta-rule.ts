import type * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import {borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {addressOf, named, type RecurrenceTensors, recurrenceArgs, sizesOf} from './recurrence';
import {chunkOf, columnBlocks} from './state-columns';
import {mapValues} from './unary';

type Call = Record<string, never>;

interface DeltaTensors extends RecurrenceTensors {
  lookups: tf.TensorInfo;
  corrections: tf.TensorInfo;
}

const forward = fusedKernel<Call>('DeltaRule', (tensors, backend, {names}) => {
  const inputs = named<DeltaTensors>(names, tensors);
  const {batch, heads, valueSize, stateShape, work} = sizesOf(inputs);
  const [output, last] = [inputs.values.shape, stateShape].map((shape) => backend.output(shape));
  const factors = mapValues(backend, inputs.decay, Unary.Exp);
  const args = [
    ...recurrenceArgs(backend, inputs, factors, output, last),
    ...[inputs.lookups, inputs.corrections].map((x) => backend.address(x)),
  ];
  backend.threads.run('jobDeltaRule', args, batch * heads * columnBlocks(valueSize), 2 * work);
  backend.disposeData(factors.dataId);
  return [output, last];
});

const backward = fusedKernel<Call>('DeltaRuleGradient', ([dOutput, dLast, ...saved], backend, {names}) => {
  const inputs = named<DeltaTensors>(names, saved);
  const {keys, values, lookups, corrections, decay, state} = inputs;
  const {batch, time, heads, keySize, stateShape, work} = sizesOf(inputs);
  const perKey = () => backend.output(keys.shape);
  const [dQueries, dKeys, dLookups, dCorrections] = [perKey(), perKey(), perKey(), perKey()];
  const dValues = backend.output(values.shape);
  const isFixed = decay.shape.length === 2;
  const dDecay = backend.output(isFixed ? [batch, heads, keySize] : decay.shape);
  const dState = state && backend.output(stateShape);
  const factors = mapValues(backend, decay, Unary.Exp);
  const {chunk, startFloats} = chunkOf(time, keySize);
  borrowing(backend, (borrowed) => {
    const written = [dQueries, dKeys, dValues, dLookups, dCorrections, dDecay, dState];
    const args = [
      ...recurrenceArgs(backend, inputs, factors, saved[names.length]),
      ...[lookups, corrections, dOutput, dLast, ...written].map((x) => addressOf(backend, x)),
      ...[chunk, borrowed.floats(batch * heads * startFloats), 4 * startFloats],
    ];
    backend.threads.run('jobDeltaRuleGradient', args, batch * heads, 8 * work);
  });
  backend.disposeData(factors.dataId);
  const byName = {
    ...{queries: dQueries, keys: dKeys, values: dValues, lookups: dLookups, corrections: dCorrections},
    ...{decay: isFixed ? sumOfParts(backend, dDecay, decay.shape) : dDecay, state: dState},
  };
  return names.map((name) => byName[name as keyof typeof byName] as tf.TensorInfo);
});

/** The fused kernels of `kernels/delta-rule`. */
export const deltaRuleKernels: readonly SimdKernel[] = [forward, backward];
