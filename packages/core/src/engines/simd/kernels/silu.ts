import {Binary, Unary} from '../assembly/operations';
import {zipValues} from './binary';
import {fusedKernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

/** The fused kernels of `kernels/silu`. */
export const siluKernels: readonly SimdKernel[] = [
  fusedKernel<object>('Silu', ([x], backend) => [mapValues(backend, x, Unary.Silu)]),
  fusedKernel<object>('SiluGradient', ([dy, x], backend) => [zipValues(backend, dy, x, Binary.SiluGradient)]),
];
