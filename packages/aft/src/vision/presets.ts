import type {AftVisionOptions} from './config';

/** ImageNet-1K at 224 pixels, patches of 16, in DeiT's shapes. */
const imageNet = (hiddenSize: number): AftVisionOptions => ({
  numClasses: 1000,
  imageChannels: 3,
  patchSize: 16,
  numLayers: 12,
  hiddenSize,
});

const tiny = imageNet(192);
const small = imageNet(384);

const full = (size: AftVisionOptions): AftVisionOptions => ({
  ...size,
  variant: 'full',
  factorSize: 128,
  gridRows: 14,
  gridColumns: 14,
});

const conv = (size: AftVisionOptions, numHeads: number, kernelSize: number): AftVisionOptions => ({
  ...size,
  variant: 'conv',
  numHeads,
  kernelSize,
});

/** The paper's image classifiers (arXiv 2105.14103, Table 7): AFT-full, and AFT-conv by heads and kernel. */
export const visionPresets = {
  'full-tiny': full(tiny),
  'full-small': full(small),
  'conv-tiny-32-11': conv(tiny, 32, 11),
  'conv-tiny-192-11': conv(tiny, 192, 11),
  'conv-small-16-11': conv(small, 16, 11),
  'conv-small-384-11': conv(small, 384, 11),
  'conv-small-384-15': conv(small, 384, 15),
} satisfies Record<string, AftVisionOptions>;
