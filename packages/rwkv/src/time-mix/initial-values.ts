import type {Initializer} from '@variants/core';
import {type Depth, perFeature, risingRatio} from '../initializers';

/** Repeats -1, 0, 1, so that neighbouring features do not begin alike. */
export const zigzag = (index: number): number => ((index + 1) % 3) - 1;

/** How decays of versions 5 and 6 begin: from -6, slow, to -1, fast, later the deeper the block is. */
export const initialDecay = (depth: Depth): Initializer =>
  perFeature((i, count) => -6 + 5 * (i / Math.max(1, count - 1)) ** (0.7 + 1.3 * risingRatio(depth)));

/** How the bonus of versions 5 and 6 begins. */
export const initialBonus = (depth: Depth): Initializer =>
  perFeature((i, count) => risingRatio(depth) * (1 - i / Math.max(1, count - 1)) + 0.1 * zigzag(i));
