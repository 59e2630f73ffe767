import {Binary, Unary} from '../assembly/operations';
import {zipValues} from './binary';
import {fusedKernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

/** The fused kernels of `kernels/gelu`. */
export const geluKernels: readonly SimdKernel[] = [
  fusedKernel<{approximate: boolean}>('Gelu', ([x], backend, {attributes}) => [
    mapValues(backend, x, attributes.approximate ? Unary.GeluTanh : Unary.Gelu),
  ]),
  fusedKernel<{approximate: boolean}>('GeluGradient', ([dy, x], backend, {attributes}) => [
    zipValues(backend, dy, x, attributes.approximate ? Binary.GeluTanhGradient : Binary.GeluGradient),
  ]),
];
