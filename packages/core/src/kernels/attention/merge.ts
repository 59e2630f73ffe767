import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors} from '../../arguments';
import {sumOf} from '../sum-of';
import type {AttentionOutputs} from './index';

/** About the lowest finite float32. */
const lowest = -3.4e38;

/**
 * Attention to several sets of keys at once, of what the same queries found in each: with l the log-sum-exp of a set,
 *
 *     output = Σ e^l output_l / Σ e^l,   log-sum-exp = log Σ e^l
 *
 * A query that finds nothing in any of them gives 0, as in `attention`.
 */
export function mergeAttention(parts: readonly AttentionOutputs[]): AttentionOutputs {
  const isList = Array.isArray(parts) && parts.length > 0;
  requireArgument('mergeAttention', 'parts', parts, isList, 'a list of what attention gave, at least one');
  for (const part of parts) requireTensors('mergeAttention', {output: part?.output, logSumExp: part?.logSumExp});
  return tf.tidy(() => {
    const largest = parts.map(({logSumExp}) => logSumExp).reduce((a, b) => tf.maximum(a, b));
    const shift = largest.maximum(lowest);
    const weights = parts.map(({logSumExp}) => logSumExp.sub(shift).exp());
    const total = sumOf(weights);
    // The largest adds 1 to the total: below that is a query that finds nothing alone.
    const share = (weight: tf.Tensor) => weight.div(total.maximum(1)).expandDims(-1);
    return {
      output: sumOf(parts.map(({output}, i) => output.mul(share(weights[i])))),
      logSumExp: total.log().add(shift),
    };
  });
}
