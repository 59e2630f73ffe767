import {adamKernels} from './adam';
import {argKernels} from './arg';
import {attentionKernels} from './attention';
import {batchNormKernels} from './batch-norm';
import {binaryKernels} from './binary';
import {crossEntropyKernels} from './cross-entropy';
import {geluKernels} from './gelu';
import type {SimdKernel} from './kernel';
import {lookupKernels} from './lookup';
import {batchMatMul} from './mat-mul';
import {movementKernels} from './movement';
import {normKernels} from './norm';
import {reduceKernels} from './reduce';
import {rotaryKernels} from './rotary';
import {scanKernels} from './scan';
import {selectKernels} from './select';
import {siluKernels} from './silu';
import {softmaxKernels} from './softmax';
import {unaryKernels} from './unary';

/** The kernels that are written for this backend. */
export const kernels: readonly SimdKernel[] = [
  batchMatMul,
  ...unaryKernels,
  ...binaryKernels,
  ...selectKernels,
  ...batchNormKernels,
  ...reduceKernels,
  ...argKernels,
  ...scanKernels,
  ...softmaxKernels,
  ...normKernels,
  ...crossEntropyKernels,
  ...adamKernels,
  ...geluKernels,
  ...siluKernels,
  ...attentionKernels,
  ...movementKernels,
  ...lookupKernels,
  ...rotaryKernels,
];
