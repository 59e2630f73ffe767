import {adamKernels} from './adam';
import {appendKernels} from './append-rows';
import {argKernels} from './arg';
import {attentionKernels} from './attention';
import {batchNormKernels} from './batch-norm';
import {binaryKernels} from './binary';
import {blockDiagonalKernels} from './block-diagonal-mat-mul';
import {chunkedAttentionKernels} from './chunked-attention';
import {convolutionKernels} from './convolution';
import {crossEntropyKernels} from './cross-entropy';
import {ctcKernels} from './ctc';
import {deltaRuleKernels} from './delta-rule';
import {depthwiseKernels} from './depthwise';
import {depthwise1dKernels} from './depthwise-1d';
import {dilatedKernels} from './dilated';
import {drawKernels} from './draw';
import {einsumKernels} from './einsum';
import {fftKernels} from './fft';
import {gatherKernels} from './gather';
import {geluKernels} from './gelu';
import {joinKernels} from './join';
import type {SimdKernel} from './kernel';
import {linearRecurrenceKernels} from './linear-recurrence';
import {longConvolutionKernels} from './long-convolution';
import {matMulKernels} from './mat-mul';
import {multinomialKernels} from './multinomial';
import {normKernels} from './norm';
import {oneHotKernels} from './one-hot';
import {onlineConvolutionKernels} from './online-convolution';
import {padKernels} from './pad';
import {poolKernels} from './pool';
import {realFftKernels} from './real-fft';
import {reduceKernels} from './reduce';
import {rotaryKernels} from './rotary';
import {scanKernels} from './scan';
import {scatterKernels} from './scatter';
import {selectKernels} from './select';
import {siluKernels} from './silu';
import {sliceKernels} from './slice';
import {softmaxKernels} from './softmax';
import {stableOrderKernels} from './stable-order';
import {topKKernels} from './top-k';
import {transposeKernels} from './transpose';
import {unaryKernels} from './unary';
import {viewKernels} from './views';
import {weightedAverageScanKernels} from './weighted-average-scan';

/** The kernels that are written for this backend. */
export const kernels: readonly SimdKernel[] = [
  ...matMulKernels,
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
  ...ctcKernels,
  ...adamKernels,
  ...geluKernels,
  ...siluKernels,
  ...attentionKernels,
  ...einsumKernels,
  ...fftKernels,
  ...realFftKernels,
  ...convolutionKernels,
  ...depthwiseKernels,
  ...poolKernels,
  ...viewKernels,
  ...transposeKernels,
  ...sliceKernels,
  ...joinKernels,
  ...padKernels,
  ...gatherKernels,
  ...scatterKernels,
  ...oneHotKernels,
  ...topKKernels,
  ...multinomialKernels,
  ...rotaryKernels,
  ...appendKernels,
  ...drawKernels,
  ...weightedAverageScanKernels,
  ...linearRecurrenceKernels,
  ...deltaRuleKernels,
  ...depthwise1dKernels,
  ...dilatedKernels,
  ...blockDiagonalKernels,
  ...longConvolutionKernels,
  ...onlineConvolutionKernels,
  ...stableOrderKernels,
  ...chunkedAttentionKernels,
];
