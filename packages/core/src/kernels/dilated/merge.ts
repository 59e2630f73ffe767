import type * as tf from '@tensorflow/tfjs';
import {requireArgument, requireCount, requireGiven, requireRank} from '../../arguments';
import {ShapeError} from '../../errors';
import {isList} from '../../ids';
import type {AttentionOutputs} from '../attention';
import {defineKernel} from '../define-kernel';
import {
  type DilatedMergeAttributes,
  type DilatedMergeInputs,
  mergeDilatedGradient,
  mergeDilatedReference,
} from './merge-reference';
import {type DilatedPattern, dilatedShape, keptShape, requirePatterns} from './pattern';

const kernel = defineKernel<DilatedMergeInputs, DilatedMergeAttributes, AttentionOutputs>({
  name: 'DilatedMerge',
  outputs: ['output', 'logSumExp'],
  differentiable: () => true,
  reference: mergeDilatedReference,
  gradient: mergeDilatedGradient,
});

/** Options of {@link mergeDilated}. */
export interface MergeDilatedOptions {
  /** The patterns, in the order of what they found. */
  patterns: readonly DilatedPattern[];
  /** Positions of the sequence. */
  time: number;
  /**
   * Whether the shares of the patterns are differentiated too; if not, they are constants to the gradient, as in the authors'
   * code. Default true.
   */
  differentiateShares?: boolean;
}

/**
 * What the patterns of dilated attention found, as one softmax over the keys of all of them (Ding et al. 2023, equation 8),
 * at every position of a head that several or one or none of them keeps:
 *
 *     l = log Σ_i e^l_i;    output = Σ_i e^(l_i - l) o_i
 *
 * A key in two patterns counts twice. What no pattern keeps gives 0 and the log-sum-exp -infinity.
 *
 * @param found For each pattern, what `attention` gave for its {@link dilatedRows}: output [batch · segments, heads, rows,
 *   size], log-sum-exp [batch · segments, heads, rows].
 * @returns `output` [batch, time, heads, size] and `logSumExp` [batch, time, heads].
 * @throws ShapeError when a pattern cannot have found tensors of these shapes.
 */
export function mergeDilated(found: readonly AttentionOutputs[], options: MergeDilatedOptions): AttentionOutputs {
  requireGiven('mergeDilated', options, ['patterns', 'time', 'differentiateShares']);
  const {patterns, time, differentiateShares = true} = options;
  requirePatterns('mergeDilated', patterns);
  requireCount('mergeDilated', 'time', time);
  const isForEach = isList(found) && found.length === patterns.length;
  requireArgument('mergeDilated', 'found', found, isForEach, 'a list of what attention gave, one for each pattern');
  const inputs: {[name: string]: tf.Tensor} = {};
  for (const [i, part] of found.entries()) {
    requireRank('mergeDilated', {output: part?.output}, '[batch · segments, heads, rows, size]');
    requireRank('mergeDilated', {logSumExp: part?.logSumExp}, '[batch · segments, heads, rows]');
    inputs[`output${i}`] = part.output;
    inputs[`logSumExp${i}`] = part.logSumExp;
  }
  const [pieces, numHeads, , size] = found[0].output.shape as number[];
  const {segments} = dilatedShape(patterns[0], time, numHeads);
  const batch = pieces / segments;
  if (!Number.isSafeInteger(batch))
    throw new ShapeError(
      `mergeDilated: found has output [${found[0].output.shape}] for pattern 0, but its first axis must be a multiple of the ${segments} segments of ${time} positions`,
    );
  for (const [i, {output, logSumExp}] of found.entries()) {
    const shape = keptShape(patterns[i], [batch, time, numHeads, size]);
    if (output.shape.join() !== shape.join() || logSumExp.shape.join() !== shape.slice(0, 3).join())
      throw new ShapeError(
        `mergeDilated: found has output [${output.shape}] and logSumExp [${logSumExp.shape}] for pattern ${i}, but must have [${shape}] and [${shape.slice(0, 3)}]`,
      );
  }
  return kernel(inputs, {patterns, time, differentiateShares});
}
