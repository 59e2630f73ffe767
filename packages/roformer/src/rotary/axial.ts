import * as tf from '@tensorflow/tfjs';
import {ConfigError, type RotaryPairing, rotaryEmbedding, rotaryFrequencies, ShapeError} from '@variants/core';

/** Options of {@link axialAngles}. */
export interface AxialOptions {
  /**
   * 'pixels': frequencies from π to π maxFrequency / 2 at even steps, positions from -1 to 1 along each axis, so that images
   * of any resolution turn alike. 'tokens': RoPE's frequencies, at positions 0, 1, 2, ... Default 'pixels'.
   */
  positions?: 'pixels' | 'tokens';
  /** Of pixels. Default 10. */
  maxFrequency?: number;
  /** Of tokens. Default 10000. */
  base?: number;
}

const from = (first: number, last: number, count: number) =>
  Array.from({length: count}, (_, i) => (count === 1 ? first : first + (i * (last - first)) / (count - 1)));

/**
 * The angles of a grid of several axes, such as an image's (lucidrains/rotary-embedding-torch): the features are shared
 * out among the axes, and each share turns by its own coordinate.
 *
 * @param grid Lengths of the axes: [height, width].
 * @param size Features that turn, a multiple of twice the number of axes.
 * @returns Radians of each pair at each place, row by row, as [...grid, size/2].
 */
export function axialAngles(
  grid: readonly number[],
  size: number,
  {positions = 'pixels', maxFrequency = 10, base = 10000}: AxialOptions = {},
): number[] {
  if (!Number.isInteger(size / 2 / grid.length) || size <= 0)
    throw new ShapeError(`axialAngles: size is ${size}, but must be a multiple of ${2 * grid.length}, twice the axes`);
  if (positions !== 'pixels' && positions !== 'tokens')
    throw new ConfigError(`axialAngles: positions is ${JSON.stringify(positions)}, but must be one of pixels, tokens`);
  const pairs = size / 2 / grid.length;
  const isPixels = positions === 'pixels';
  const frequencies = isPixels
    ? from(1, maxFrequency / 2, pairs).map((times) => Math.PI * times)
    : rotaryFrequencies(2 * pairs, base);
  const coordinates = grid.map((length) => (isPixels ? from(-1, 1, length) : from(0, length - 1, length)));
  // Places in order, the last axis fastest.
  const places = coordinates.reduce<number[][]>(
    (before, axis) => before.flatMap((place) => axis.map((coordinate) => [...place, coordinate])),
    [[]],
  );
  return places.flatMap((place) => place.flatMap((coordinate) => frequencies.map((theta) => coordinate * theta)));
}

/**
 * Turns a grid of features by {@link axialAngles}.
 * @param x [batch, ...grid, features], all of which turn: [batch, height, width, features] of an image.
 * @param pairing Default 'interleaved'.
 */
export function axialRotary(
  x: tf.Tensor,
  {pairing = 'interleaved', ...options}: AxialOptions & {pairing?: RotaryPairing} = {},
): tf.Tensor {
  const [grid, size] = [x.shape.slice(1, -1) as number[], x.shape[x.rank - 1] as number];
  const angles = axialAngles(grid, size, options);
  return tf.tidy(() => {
    const table = (of: (angle: number) => number) => tf.tensor(angles.map(of), [angles.length / (size / 2), size / 2]);
    const places = x.reshape([x.shape[0] as number, -1, size]);
    return rotaryEmbedding(places, {cos: table(Math.cos), sin: table(Math.sin)}, pairing).reshape(x.shape);
  });
}
