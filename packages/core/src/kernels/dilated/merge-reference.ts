import * as tf from '@tensorflow/tfjs';
import type {AttentionOutputs} from '../attention';
import {mergeAttention} from '../attention/merge';
import type {DilatedPattern} from './pattern';
import {keptRows, spreadRows} from './rows-reference';

/** What {@link mergeDilated} is told beside its tensors. */
export interface DilatedMergeAttributes {
  patterns: readonly DilatedPattern[];
  /** Positions of the sequence. */
  time: number;
  /** Whether the shares of the patterns are differentiated too. */
  differentiateShares: boolean;
}

/** The tensors by name: `output0`, `logSumExp0`, `output1`, ... */
export type DilatedMergeInputs = {[name: string]: tf.Tensor};

const partsOf = (inputs: DilatedMergeInputs, {patterns}: DilatedMergeAttributes): AttentionOutputs[] =>
  patterns.map((_, i) => ({output: inputs[`output${i}`], logSumExp: inputs[`logSumExp${i}`]}));

/** What each pattern found, at its place [batch, time, heads, size]; 0 and -infinity where a head keeps nothing. */
function inPlace({output, logSumExp}: AttentionOutputs, pattern: DilatedPattern, time: number): AttentionOutputs {
  const isKept = spreadRows(tf.onesLike(logSumExp).expandDims(-1), pattern, time).squeeze([3]).toBool();
  const found = tf.where(logSumExp.isInf(), tf.zerosLike(logSumExp), logSumExp);
  const isFound = spreadRows(logSumExp.isInf().logicalNot().toFloat().expandDims(-1), pattern, time).squeeze([3]);
  const placed = spreadRows(found.expandDims(-1), pattern, time).squeeze([3]);
  const there = isKept.logicalAnd(isFound.toBool());
  return {
    output: spreadRows(output, pattern, time),
    logSumExp: tf.where(there, placed, tf.fill(placed.shape, Number.NEGATIVE_INFINITY)),
  };
}

/** The definition: every pattern's outputs at their places, merged by their log-sum-exps. */
export function mergeDilatedReference(
  inputs: DilatedMergeInputs,
  attributes: DilatedMergeAttributes,
): AttentionOutputs {
  const {patterns, time} = attributes;
  return mergeAttention(partsOf(inputs, attributes).map((part, i) => inPlace(part, patterns[i], time)));
}

/**
 * With a_i = e^(l_i - l) the share of pattern i, and l the log-sum-exp of all:
 *
 *     do_i = a_i dout,    dl_i = a_i dl + a_i (dout · o_i - dout · out)
 *
 * the last term only where the shares are differentiated.
 */
export function mergeDilatedGradient(
  gradients: AttentionOutputs,
  inputs: DilatedMergeInputs,
  outputs: AttentionOutputs,
  attributes: DilatedMergeAttributes,
): DilatedMergeInputs {
  const {patterns, differentiateShares} = attributes;
  const perPosition = (x: tf.Tensor, pattern: DilatedPattern) => keptRows(x.expandDims(-1), pattern).squeeze([3]);
  const total = tf.where(outputs.logSumExp.isInf(), tf.zerosLike(outputs.logSumExp), outputs.logSumExp);
  const mean = gradients.output.mul(outputs.output).sum(-1);
  const result: DilatedMergeInputs = {};
  for (const [i, {output, logSumExp}] of partsOf(inputs, attributes).entries()) {
    const pattern = patterns[i];
    const isReal = perPosition(tf.onesLike(total), pattern);
    // 0 beyond the sequence, whatever stands there.
    const share = tf.where(isReal.toBool(), logSumExp.sub(perPosition(total, pattern)).exp(), tf.zerosLike(isReal));
    const dOutput = keptRows(gradients.output, pattern);
    const dTotal = perPosition(gradients.logSumExp, pattern);
    const dShare = dOutput.mul(output).sum(-1).sub(perPosition(mean, pattern));
    result[`output${i}`] = dOutput.mul(share.expandDims(-1));
    result[`logSumExp${i}`] = share.mul(differentiateShares ? dTotal.add(dShare) : dTotal);
  }
  return result;
}
