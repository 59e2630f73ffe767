/**
 * The average of the values that each row sees (Zhai et al. 2021, equation 2 without its gate), as a kernel. With the terms
 * of weighted-sums.ts, t' counting the keys that a row t sees:
 *
 *     X[t'] = e^K[t'] A[t'],    A = [V, 1]          terms of positions
 *     S[t]  = Σ_t' e^w[t, t'] X[t']                 sums: the numerators S_V and the denominators S_1
 *     y[t]  = S_V[t] / S_1[t]                       averages; 0 where a row sees nothing, all its biases being -infinity
 *
 * The gradient in closed form, G being that of S and dX that of X:
 *
 *     G[t]      = [dy, -dy · y] / S_1[t]
 *     dX[t']    = Σ_t e^w[t, t'] G[t]               over the rows that see the key
 *     dA[t']    = e^K[t'] dX[t']
 *     dK[t']    = A[t'] · dA[t']
 *     dw[t, t'] = e^w[t, t'] G[t] · X[t']           summed over all columns
 *
 * So dX is a sum of the same kind as S, of terms G, whose exponent is that of S negated. In it a key looks at rows after its
 * own; with time running backwards, and w transposed, at those before it, as rows do in S.
 *
 * Memory is that of the inputs and of the largest square of biases, for the way back too.
 */
import * as tf from '@tensorflow/tfjs';
import {defineKernel} from '@variants/core';
import {isWide} from './pair-sums';
import {type BlockPlan, type Blocks, biasGradients, cutRows, joinRows, visibleSums} from './visible-keys';
import {lowestKey, type Weighted} from './weighted';
import {averageOf, denominatorOrOne, onBoth, sliceAxis, valuesBeside} from './weighted-sums';

type Inputs = {
  /** K */
  keys: tf.Tensor;
  /** A */
  values: tf.Tensor;
  /** w of all offsets, one after the other along the axis of blocks. */
  biases: tf.Tensor;
};

type Outputs = {
  average: tf.Tensor;
  /** S_1 is the denominator times e^maximum; neither has a gradient. */
  maximum: tf.Tensor;
  denominator: tf.Tensor;
};

const kernel = defineKernel<Inputs, BlockPlan, Outputs>({
  name: 'AttentionFreeAverage',
  outputs: ['average', 'maximum', 'denominator'],
  differentiable: ['keys', 'values', 'biases'],
  reference({keys, values, biases}, plan) {
    const X = {exponent: keys, values};
    const w = splitBiases(biases, keys, plan);
    const S = visibleSums(X, plan, w, isWide(X, w));
    return {...averageOf(S), maximum: S.exponent};
  },
  gradient({average: dy}, {keys, values, biases}, {average: y, maximum, denominator}, plan) {
    const w = splitBiases(biases, keys, plan);
    const X = {exponent: keys, values};
    const product = dy.mul(y).sum(-2, true).neg();
    // A row that sees nothing has no gradient to give.
    const seesSome = denominator.notEqual(0);
    const ratio = seesSome.toFloat().div(denominatorOrOne(denominator));
    const exponent = tf.where(seesSome.squeeze([-2]), maximum.neg(), tf.fill(maximum.shape, lowestKey));
    const G = {exponent, values: tf.concat([dy, product], -2).mul(ratio)};
    const wide = isWide(G, w);
    const dX = reverseTime(visibleSums(reverseTime(G), plan, w.map(reverseBias), wide));
    const dA = valuesBeside(dX, keys.neg());
    return {
      keys: dA.mul(values).sum(-2),
      values: dA,
      biases: tf.concat(biasGradients(G, X, plan, w, wide || isWide(X, w)), 1),
    };
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

/** Blocks, and the rows in each, in the opposite order. */
// In four axes: tfjs's WebGPU engine reverses no more, and gives a shape that is wrong without a word.
const reverseTime = (x: Weighted) =>
  onBoth(x, (tensor) => tf.reverse(tensor.reshape([...tensor.shape.slice(0, 3), -1]), [1, 2]).reshape(tensor.shape));

/** wᵀ with time running backwards. */
const reverseBias = (bias: tf.Tensor) => tf.reverse(bias.transpose([0, 1, 3, 2]), [1, 2, 3]);

/**
 * The averages of a whole sequence, y above.
 * @param terms X of its positions: exponent [heads, time, N], values [heads, time, D + 1, N].
 * @param blocks How they are cut.
 * @param biases w: one tensor for each offset of the blocks, [heads, pairs of blocks or 1, rows, keys].
 * @returns [heads, time, D, N]
 */
export function averageRows(terms: Weighted, blocks: Blocks, biases: readonly tf.Tensor[]): tf.Tensor {
  const {causal, offsets, isByDistance} = blocks;
  const {exponent: keys, values} = cutRows(terms, blocks);
  const {average} = kernel({keys, values, biases: tf.concat([...biases], 1)}, {causal, offsets, isByDistance});
  return joinRows(average, terms.exponent.shape[1] as number);
}
