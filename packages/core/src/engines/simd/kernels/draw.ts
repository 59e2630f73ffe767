import type * as tf from '@tensorflow/tfjs';
import {kernel, type SimdKernel} from './kernel';

interface Attributes {
  canvas: HTMLCanvasElement;
  options?: {contextOptions?: {contextType?: string}};
}

/**
 * tfjs's Draw. Programs ask for the context that is called like the backend (`webgl`, `webgpu`), and so do tfjs's own
 * tests; this backend's, like that of `cpu`, is the canvas's 2d context.
 */
export const drawKernels: readonly SimdKernel[] = [
  kernel<{image: tf.TensorInfo}, Attributes>('Draw', ({inputs, backend, attrs: {canvas, options}}) => {
    const {contextOptions} = options ?? {};
    const contextType = contextOptions?.contextType === 'simd' ? '2d' : contextOptions?.contextType;
    return backend.fallback('Draw', inputs, {
      canvas,
      options: {...options, contextOptions: {...contextOptions, contextType}},
    });
  }),
];
