import * as tf from '@tensorflow/tfjs';

/** What tfjs computes of a convolution or pooling over images. */
export type WindowInfo = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/** Positions that a window may meet: what a thread's scratch memory has room for. */
const MAX_TAPS = 8192;

export const tapsOf = ({filterHeight, filterWidth}: WindowInfo) => filterHeight * filterWidth;

/** Whether the engine's code has room for a window. */
export const isWindowSmall = (info: WindowInfo) => tapsOf(info) <= MAX_TAPS;

/** Whether a gradient is that of the output; tfjs lets it be another one, of which its own kernels read a part. */
export const isOfOutput = (dy: tf.TensorInfo, info: WindowInfo) => tf.util.arraysEqual(dy.shape, info.outShape);

/** The window from the input to the output, as arguments of a job; see `assembly/window.ts`. */
export function forwardWindow(info: WindowInfo): number[] {
  const {inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo} = info;
  return [
    ...[inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth],
    ...[info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth],
    ...[-padInfo.top, -padInfo.left, 1, 1],
  ];
}

/** The window from the output back to the input. */
export function backwardWindow(info: WindowInfo): number[] {
  const {inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo} = info;
  return [
    ...[outHeight, outWidth, inHeight, inWidth, filterHeight, filterWidth],
    ...[1, 1, -info.dilationHeight, -info.dilationWidth],
    ...[padInfo.top, padInfo.left, info.strideHeight, info.strideWidth],
  ];
}
