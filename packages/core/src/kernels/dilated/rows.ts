import type * as tf from '@tensorflow/tfjs';
import {requireRank} from '../../arguments';
import {defineKernel} from '../define-kernel';
import {sumOf} from '../sum-of';
import {type DilatedPattern, requirePatterns} from './pattern';
import {keptRows, spreadRows} from './rows-reference';

/** What the kernel is told: the patterns, and the time and heads of x. */
export interface DilatedRowsAttributes {
  patterns: readonly DilatedPattern[];
  shape: number[];
}

type Rows = {[name: string]: tf.Tensor};

const listed = (tensors: tf.Tensor[]): Rows => Object.fromEntries(tensors.map((tensor, i) => [`rows${i}`, tensor]));

const kernel = defineKernel<{x: tf.Tensor}, DilatedRowsAttributes, Rows>({
  name: 'DilatedRows',
  outputs: ({patterns}) => patterns.map((_, i) => `rows${i}`),
  differentiable: ['x'],
  gradientReads: 'nothing',
  reference: ({x}, {patterns}) => listed(patterns.map((pattern) => keptRows(x, pattern))),
  gradient: (gradients, _inputs, _outputs, {patterns, shape}) => ({
    x: sumOf(patterns.map((pattern, i) => spreadRows(gradients[`rows${i}`], pattern, shape[1]))),
  }),
});

/**
 * The positions that dilated attention keeps (Ding et al. 2023, equation 5), for each pattern: of segment s, head h keeps
 * those at
 *
 *     s g + floor(h / ceil(H / r)) + r j,   j = 0 ... ceil(g / r) - 1,   g = min(segmentLength, T),   r = dilation
 *
 * so that groups of ceil(H / r) heads share an offset. Zeros stand for positions beyond the segment or the sequence.
 *
 * @param x [batch, time, heads, size]
 * @param patterns At least one.
 * @returns For each pattern [batch · segments, heads, ceil(g / r), size], ceil(T / g) segments.
 * @throws ShapeError when x has another rank; ConfigError for a pattern that is none.
 */
export function dilatedRows(x: tf.Tensor, patterns: readonly DilatedPattern[]): tf.Tensor[] {
  requireRank('dilatedRows', {x}, '[batch, time, heads, size]');
  requirePatterns('dilatedRows', patterns);
  const rows = kernel({x}, {patterns, shape: x.shape});
  return patterns.map((_, i) => rows[`rows${i}`]);
}
