import * as tf from '@tensorflow/tfjs';
import {fromBefore, logSumExp, planOf, shiftOf} from './reference';
import {type CtcInputs, type CtcOutputs, impossible} from './types';

/** A list [batch, lanes] moved down by a lane; what comes in is impossible. */
const fromBehind = (x: tf.Tensor): tf.Tensor => fromBefore(x.reverse(1)).reverse(1);

/**
 * dlogits_t = softmax_t - gamma_t, where gamma_t(k) is the share of the alignments that are at class k at time t: the
 * softmax of alpha + beta over all states, added up by their classes, with beta the log probability of all ends of
 * alignments from a state on. 0 behind the end of a sample, and where no alignment is possible.
 */
export function ctcLossGradient(
  lossGradient: tf.Tensor,
  inputs: CtcInputs,
  {loss, alphas, normalizer}: CtcOutputs,
  blank: number,
): tf.Tensor {
  return tf.tidy(() => {
    const {logits} = inputs;
    const {labels, blanks, classes, skips, counts, ends} = planOf(inputs, blank, normalizer);
    const [time, batch, lanes] = labels.shape;
    const none = tf.fill([batch, lanes], impossible);
    const isClass = tf.oneHot(classes as unknown as tf.Tensor1D, logits.shape[2] as number).toFloat();
    const isBlank = tf.oneHot(tf.scalar(blank, 'int32').as1D(), logits.shape[2] as number).toFloat();
    // beta with the emission at its own time, less a shift; behind the last frame all is at the last blank.
    let state = {label: none, blank: tf.where(ends.greater(0), tf.zerosLike(none), none)};
    const shares: tf.Tensor[] = [];
    for (let t = time - 1; t >= 0; t--) {
      const at = (x: tf.Tensor3D) => x.slice([t, 0, 0], [1, -1, -1]).squeeze<tf.Tensor2D>([0]);
      const isCounted = at(counts);
      const skipped = fromBehind(state.label.add(skips)).maximum(impossible);
      const beta = {
        label: logSumExp(state.label, fromBehind(state.blank), skipped),
        blank: logSumExp(state.blank, state.label),
      };
      const [alphaLabel, alphaBlank] = tf.unstack(alphas.slice([0, t, 0, 0], [-1, 1, -1, -1]).squeeze([1]), 1);
      const both = tf.stack([alphaLabel.add(beta.label), alphaBlank.add(beta.blank)], 1).reshape([batch, 2 * lanes]);
      const [shareOfLabel, shareOfBlank] = tf.split(both.softmax(), 2, 1);
      const share = tf
        .matMul(shareOfLabel.reshape([batch, 1, lanes]), isClass.reshape([batch, lanes, -1]))
        .squeeze<tf.Tensor2D>([1])
        .add(shareOfBlank.sum(1, true).mul(isBlank));
      shares.unshift(share);
      const shift = shiftOf(state.label, state.blank);
      const next = {
        label: beta.label.add(at(labels)).sub(shift).maximum(impossible),
        blank: beta.blank.add(at(blanks)).sub(shift).maximum(impossible),
      };
      state = {
        label: tf.where(isCounted, next.label, state.label),
        blank: tf.where(isCounted, next.blank, state.blank),
      };
    }
    const [largest, logSum] = tf.split(normalizer, 2, 2);
    const probabilities = logits.sub(largest).sub(logSum).exp();
    const difference = probabilities.sub(tf.stack(shares, 1)).mul(lossGradient.reshape([batch, 1, 1]));
    const isPossible = loss.notEqual(Number.POSITIVE_INFINITY).reshape([batch, 1, 1]);
    const isPart = counts.transpose([1, 0, 2]).logicalAnd(isPossible);
    const wanted = tf.where(
      loss.isNaN().reshape([batch, 1, 1]),
      tf.fill([batch, 1, 1], Number.NaN),
      tf.zeros([batch, 1, 1]),
    );
    return tf.where(tf.broadcastTo(isPart, logits.shape), difference.add(wanted), tf.zerosLike(difference));
  });
}
