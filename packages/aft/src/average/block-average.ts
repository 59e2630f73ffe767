import * as tf from '@tensorflow/tfjs';
import {defineKernel} from '@variants/core';
import {type BlockPlan, blockBiasGradients, blockSums, reverseBias, reversePositions} from './block-sums';
import {reverseTime} from './far';
import type {KeysAndValues} from './square';
import {averageOf, scaleSums, sliceAxis} from './sums';

type Inputs = {
  keys: tf.Tensor;
  values: tf.Tensor;
  /** The biases of all offsets, one after the other along the axis of blocks. */
  biases: tf.Tensor;
};

type Outputs = {
  average: tf.Tensor;
  /** What the averages were divided by is the denominator times e^maximum; neither has a gradient. */
  maximum: tf.Tensor;
  denominator: tf.Tensor;
};

const kernel = defineKernel<Inputs, BlockPlan, Outputs>({
  name: 'AttentionFreeAverage',
  outputs: ['average', 'maximum', 'denominator'],
  differentiable: ['keys', 'values', 'biases'],
  reference({keys, values, biases}, plan) {
    const sums = blockSums({keys, values}, plan, splitBiases(biases, keys, plan));
    return {...averageOf(sums), maximum: sums.maximum};
  },
  gradient({average: dy}, {keys, values, biases}, {average, maximum, denominator}, plan) {
    const product = dy.mul(average).sum(-2, true).neg();
    const gradients = tf.concat([dy, product], -2).div(denominator);
    const lists = splitBiases(biases, keys, plan);
    const rows = reversePositions({keys: maximum.neg(), values: gradients});
    const back = blockSums(rows, plan, lists.map(reverseBias));
    const dValues = scaleSums(reverseTime(back.sums), reverseTime(back.maximum).add(keys).exp());
    const dBiases = blockBiasGradients({maximum, gradients}, {keys, values}, plan, lists);
    return {keys: dValues.mul(values).sum(-2), values: dValues, biases: tf.concat(dBiases, 1)};
  },
});

/** The tensor of each offset. */
function splitBiases(biases: tf.Tensor, keys: tf.Tensor, {offsets, isByDistance}: BlockPlan): tf.Tensor[] {
  const blocks = keys.shape[1] as number;
  let begin = 0;
  return offsets.map((offset) => {
    const pairs = isByDistance ? 1 : blocks - Math.abs(offset);
    begin += pairs;
    return sliceAxis(biases, 1, begin - pairs, pairs);
  });
}

/**
 * The average of the values that each row sees (Zhai et al. 2021, equation 2 without its gate):
 *
 *     y[t] = Σ_t' e^(K[t'] + w[t, t']) V[t'] / Σ_t' e^(K[t'] + w[t, t'])
 *
 * The gradient is in closed form. With a[t, t'] the weights of that average, G = [dy, -dy · y] and A = [V, 1]:
 *
 *     dA[t'] = Σ_t a[t, t'] G[t];    dK[t'] = A[t'] · dA[t'];    dw[t, t'] = Σ a[t, t'] G[t] · A[t']
 *
 * Since a[t, t'] = e^(K[t'] + w[t, t'] - maximum[t]) / denominator[t], the first is a sum of the same kind as y's, over rows
 * whose key is -maximum. Memory is that of the inputs and of the largest square of biases, for the way back too.
 * @param positions Values with their last part ones.
 * @param biases One tensor for each offset of the plan.
 * @returns [heads, blocks, rows, D, N]
 */
export function blockAverage(positions: KeysAndValues, plan: BlockPlan, biases: readonly tf.Tensor[]): tf.Tensor {
  const {causal, offsets, isByDistance} = plan;
  return kernel({...positions, biases: tf.concat([...biases], 1)}, {causal, offsets, isByDistance}).average;
}
