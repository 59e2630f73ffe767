import type * as tf from '@tensorflow/tfjs';
import type {InverseRealFftAttributes, RealFftAttributes} from '../../../kernels/real-fft';
import {Fft} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {fftTables, roomFor, runFft} from './fft-plans';
import {fusedKernel, type SimdKernel} from './kernel';

/** What the numbers at the edges of half a spectrum are multiplied by, and those inside. */
interface Scales {
  edge: number;
  inside: number;
}

/** The plan of a transform of so many real numbers, and the floats of scratch memory that it needs. */
function realPlan(backend: SimdBackend, length: number) {
  const {plans, turns} = fftTables(backend);
  const isEven = length % 2 === 0;
  const plan = plans.get(isEven ? length / 2 : length);
  const isInPlace = plan.inner === plan.length;
  // The numbers, their transform, and what a transform by another length needs.
  const work = 2 * roomFor(plan.length) + (isInPlace ? 0 : plan.work);
  return {plan, turns: isEven ? turns.get(length) : 0, work};
}

const sizeOf = (x: tf.TensorInfo) => x.shape[x.shape.length - 1];
const rowsOf = (x: tf.TensorInfo) => x.shape.slice(0, -1).reduce((product, size) => product * size, 1);

/** The first half of the spectrum of the last axis, cut or padded to `length`. */
function spectrum(backend: SimdBackend, x: tf.TensorInfo, length: number, scales: Scales): tf.TensorInfo[] {
  const toLength = Math.floor(length / 2) + 1;
  const shape = [...x.shape.slice(0, -1), toLength];
  const parts = [backend.output(shape), backend.output(shape)];
  const {plan, turns, work} = realPlan(backend, length);
  const call = {
    ...{operation: Fft.Real, rows: rowsOf(x), fromLength: sizeOf(x), toLength, length, turns, ...scales},
    from: [backend.address(x), 0] as [number, number],
    to: [parts[0].address, parts[1].address] as [number, number],
  };
  runFft(backend, plan, call, work);
  return parts;
}

/** The first `toLength` real numbers of half a spectrum, zeros where there are not so many. */
function numbers(
  backend: SimdBackend,
  [real, imag]: tf.TensorInfo[],
  length: number,
  toLength: number,
  scales: Scales,
): tf.TensorInfo {
  const output = backend.output([...real.shape.slice(0, -1), toLength]);
  const {plan, turns, work} = realPlan(backend, length);
  const call = {
    ...{operation: Fft.ToReal, rows: rowsOf(real), fromLength: sizeOf(real), toLength, length, turns, ...scales},
    from: [backend.address(real), backend.address(imag)] as [number, number],
    to: [output.address, 0] as [number, number],
  };
  runFft(backend, plan, call, work);
  return output;
}

/** The fused kernels of `kernels/real-fft`; that each is the other's gradient but for scales is said there. */
export const realFftKernels: readonly SimdKernel[] = [
  fusedKernel<RealFftAttributes>('RealFft', ([x], backend, {attributes: {length}}) =>
    spectrum(backend, x, length, {edge: 1, inside: 1}),
  ),
  fusedKernel<RealFftAttributes>('RealFftGradient', ([real, imag, x], backend, {attributes: {length}}) => [
    numbers(backend, [real, imag], length, sizeOf(x), {edge: 1, inside: 0.5}),
  ]),
  fusedKernel<InverseRealFftAttributes>('InverseRealFft', (parts, backend, {attributes: {length, keep}}) => [
    numbers(backend, parts, length, keep, {edge: 1 / length, inside: 1 / length}),
  ]),
  fusedKernel<InverseRealFftAttributes>('InverseRealFftGradient', ([dx], backend, {attributes: {length}}) =>
    spectrum(backend, dx, length, {edge: 1 / length, inside: 2 / length}),
  ),
];
