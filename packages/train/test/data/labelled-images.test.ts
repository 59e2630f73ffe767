import {ConfigError, DataError} from '@variants/core';
import {expect, test} from 'vitest';
import {labelledImages} from '../../src/index';
import {readBatch} from './read-batch';

const size = {height: 1, width: 2, channels: 3};
const pixels = Float32Array.from({length: 12}, (_, i) => i / 8);

test('gives images and labels', () => {
  const source = labelledImages({pixels, ...size}, [1, 0]);
  expect(source).toMatchObject({kinds: ['image-classifier'], numClasses: 2, imageChannels: 3, numExamples: 2});
  const {inputs, targets} = source.batch(0, 2, 0);
  expect([inputs.shape, inputs.dtype, targets.shape, targets.dtype]).toEqual([[2, 1, 2, 3], 'float32', [2], 'int32']);
  expect(Array.from(inputs.dataSync())).toEqual(Array.from(pixels));
  expect(Array.from(targets.dataSync())).toEqual([1, 0]);
  inputs.dispose();
  targets.dispose();
});

test('takes bytes as they are, and shuffles images with their labels', () => {
  const bytes = Uint8Array.from({length: 30}, (_, i) => i);
  const labels = Array.from({length: 30}, (_, i) => i);
  const source = labelledImages({pixels: bytes, height: 1, width: 1, channels: 1}, labels, {shuffle: true});
  const {inputs, targets} = readBatch(source, 0, 30);
  expect((inputs[0] as number[][][][]).flat(3)).toEqual(targets);
  expect(targets).not.toEqual(labels);
});

test('tells its images from others', () => {
  const of = (some: Float32Array, labels = [0, 1]) => labelledImages({pixels: some, ...size}, labels).fingerprint?.();
  expect(of(pixels)).toBe(of(pixels.slice()));
  expect(of(pixels.with(3, 0.1))).not.toBe(of(pixels));
  expect(of(pixels, [1, 1])).not.toBe(of(pixels));
});

test('refuses what are no images', () => {
  expect(() => labelledImages({pixels, ...size, width: 5}, [0])).toThrow(
    new DataError('labelledImages: 12 values are no whole number of images [1, 5, 3]'),
  );
  expect(() => labelledImages({pixels, ...size, channels: 0}, [0])).toThrow(ConfigError);
  expect(() => labelledImages({pixels, ...size}, [0])).toThrow('1 labels for 2 examples');
});
