import {Unary} from '../assembly/operations';
import {borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {addressOf, named, type RecurrenceTensors, recurrenceArgs, sizesOf} from './recurrence';
import {chunkOf, columnBlocks} from './state-columns';
import {mapValues} from './unary';

type Call = Record<string, never>;

const forward = fusedKernel<Call>('LinearRecurrence', (tensors, backend, {names}) => {
  const inputs = named<RecurrenceTensors>(names, tensors);
  const {batch, heads, valueSize, stateShape, work} = sizesOf(inputs);
  const [output, last] = [inputs.values.shape, stateShape].map((shape) => backend.output(shape));
  const factors = mapValues(backend, inputs.decay, Unary.Exp);
  const args = recurrenceArgs(backend, inputs, factors, output, last);
  backend.threads.run('jobLinearRecurrence', args, batch * heads * columnBlocks(valueSize), work);
  backend.disposeData(factors.dataId);
  return [output, last];
});

const backward = fusedKernel<Call>('LinearRecurrenceGradient', ([dOutput, dLast, ...saved], backend, {names}) => {
  const inputs = named<RecurrenceTensors>(names, saved);
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
      ...recurrenceArgs(backend, inputs, factors, saved[names.length]),
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
