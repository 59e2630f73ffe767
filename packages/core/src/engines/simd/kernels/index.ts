import {attentionKernels} from './attention';
import {binaryKernels} from './binary';
import {geluKernels} from './gelu';
import type {SimdKernel} from './kernel';
import {lookupKernels} from './lookup';
import {matMulKernels} from './mat-mul';
import {movementKernels} from './movement';
import {reduceKernels} from './reduce';
import {rotaryKernels} from './rotary';
import {rowKernels} from './rows';
import {unaryKernels} from './unary';

/** The kernels that are written for this backend. */
export const kernels: readonly SimdKernel[] = [
  ...matMulKernels,
  ...unaryKernels,
  ...binaryKernels,
  ...reduceKernels,
  ...rowKernels,
  ...geluKernels,
  ...attentionKernels,
  ...movementKernels,
  ...lookupKernels,
  ...rotaryKernels,
];
