import type * as tf from '@tensorflow/tfjs';
import {DataError, requireArgument, requireOptions, shown} from '@variants/core';
import {requireWhole} from '../checks';
import {type Batch, type BatchSource, batchSource} from './batch-source';
import {checkLabels, requireExamples} from './id-rows';
import {type RowOptions, rowOrder} from './row-order';
import {tokenFingerprint} from './token-fingerprint';

/** A batch of images with a label each. */
export interface ImageBatch extends Batch {
  /** float32 [batch, height, width, channels] */
  inputs: tf.Tensor4D;
  /** The label of each image, int32 [batch]. */
  targets: tf.Tensor1D;
}

/** Images of one size. */
export interface Images {
  /** The values of all pixels, image after image, row after row; given to the model as they are. */
  pixels: Float32Array | Uint8Array | Uint8ClampedArray | readonly number[];
  height: number;
  width: number;
  /** Values of a pixel. */
  channels: number;
}

/** Options of {@link labelledImages}. */
export interface LabelledImagesOptions extends RowOptions {
  /** Number of different labels. Default: the greatest + 1. */
  numClasses?: number;
}

/**
 * Images with a label each, for classifiers of images: pixels [batch, height, width, channels] and labels [batch].
 * @param labels A whole number from 0 for each.
 * @throws DataError when there are not as many labels as images, the pixels are no whole number of images, or a label is none.
 */
export function labelledImages(
  images: Images,
  labels: ArrayLike<number>,
  options: LabelledImagesOptions = {},
): BatchSource<ImageBatch> {
  const name = 'labelledImages';
  requireArgument(
    name,
    'images',
    images,
    isObject(images),
    'an object with pixels, height, width and channels',
    DataError,
  );
  requireOptions(name, options, ['numClasses', 'shuffle']);
  const {height, width, channels} = images;
  const pixels = pixelsOf(images.pixels, name);
  for (const [field, value] of Object.entries({height, width, channels})) requireWhole(name, field, value, 1);
  const size = height * width * channels;
  if (pixels.length % size !== 0)
    throw new DataError(
      `${name}: ${pixels.length} values are no whole number of images [${height}, ${width}, ${channels}]`,
    );
  requireExamples(pixels, name, 'images');
  const numClasses = checkLabels(labels, pixels.length / size, name, options.numClasses);
  const {numExamples, rowOf} = rowOrder(labels.length, options, name);
  return batchSource<ImageBatch>({
    name,
    kinds: ['image-classifier'],
    numClasses,
    imageChannels: channels,
    tokensPerExample: 1,
    numExamples,
    fingerprint() {
      const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      return `pixels as ${tokenFingerprint(bytes)}, labels as ${tokenFingerprint(Int32Array.from(labels))}`;
    },
    inputs: [{shape: [height, width, channels], dtype: 'float32'}],
    targets: [],
    writeExample(index, seed, [image], label) {
      const row = rowOf(index, seed);
      image.set(pixels.subarray(row * size, (row + 1) * size));
      label[0] = labels[row];
    },
  });
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

function pixelsOf(pixels: unknown, name: string): Float32Array | Uint8Array | Uint8ClampedArray {
  for (const kind of [Float32Array, Uint8Array, Uint8ClampedArray]) if (pixels instanceof kind) return pixels;
  if (Array.isArray(pixels) && pixels.every((value) => typeof value === 'number')) return Float32Array.from(pixels);
  throw new DataError(`${name}: pixels is ${shown(pixels)}, but must be a list of numbers`);
}
