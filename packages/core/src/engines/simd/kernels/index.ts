import {attentionKernels} from './attention';
import {cast} from './cast';
import type {SimdKernel} from './kernel';
import {batchMatMul} from './mat-mul';

/** The kernels that are written for this backend. */
export const kernels: readonly SimdKernel[] = [batchMatMul, cast, ...attentionKernels];
