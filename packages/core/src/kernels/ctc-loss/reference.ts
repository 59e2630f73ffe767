import * as tf from '@tensorflow/tfjs';
import {type CtcInputs, type CtcOutputs, impossible, laneCount} from './types';

/** log(e^a + e^b + ...), none of which may be infinite. */
export function logSumExp(...terms: tf.Tensor[]): tf.Tensor {
  const largest = terms.reduce((a, b) => a.maximum(b));
  const powers = terms.map((term) => term.sub(largest).exp());
  return largest.add(tf.addN(powers).log());
}

/** A list [batch, lanes] moved up by a lane; what comes in is impossible. */
export const fromBefore = (x: tf.Tensor): tf.Tensor =>
  tf
    .pad(
      x,
      [
        [0, 0],
        [1, 0],
      ],
      impossible,
    )
    .slice([0, 0], x.shape as [number, number]);

/** What the recursions in both directions need of a batch. Pairs are a label and the blank before it, see {@link CtcOutputs}. */
export type CtcPlan = {
  /** log p of each pair's label and of the blank at each time, {@link impossible} where there is no label, [time, batch, lanes]. */
  labels: tf.Tensor3D;
  /** [time, batch, 1] */
  blanks: tf.Tensor3D;
  /** The class of each pair's label, the blank's where there is none, int32 [batch, lanes]. */
  classes: tf.Tensor2D;
  /** 0 where a label may follow the one before it without a blank between, else {@link impossible}, [batch, lanes]. */
  skips: tf.Tensor2D;
  /** Whether a time is within an utterance, bool [time, batch, 1]. */
  counts: tf.Tensor3D;
  /** Whether lengths and labels are such as there may be, bool [batch]. */
  valid: tf.Tensor1D;
  /** 1 at the last blank of each target, [batch, lanes]. */
  ends: tf.Tensor2D;
};

/** @param normalizer [batch, time, 2] */
export function planOf(
  {logits, targets, inputLengths, targetLengths}: CtcInputs,
  blank: number,
  normalizer: tf.Tensor,
) {
  return tf.tidy((): CtcPlan => {
    const [batch, time, numClasses] = logits.shape as [number, number, number];
    const lanes = laneCount(targets.shape[1] as number);
    const padded = targets.pad([
      [0, 0],
      [0, lanes - (targets.shape[1] as number)],
    ]);
    const place = tf.range(0, lanes, 1, 'int32').expandDims(0);
    const given = place.less(targetLengths.expandDims(1));
    const isLabel = padded.greaterEqual(0).logicalAnd(padded.less(numClasses)).logicalAnd(padded.notEqual(blank));
    const classes = tf.where(given.logicalAnd(isLabel), padded, tf.fill([batch, lanes], blank, 'int32'));
    const logProbabilities = logits
      .sub(normalizer.slice([0, 0, 0], [-1, -1, 1]))
      .sub(normalizer.slice([0, 0, 1], [-1, -1, 1]))
      .maximum(impossible);
    // Row b of classes out of row b of log probabilities, at every time.
    const rows = tf.gather(logProbabilities.transpose([0, 2, 1]), classes as tf.Tensor2D, 1, 1) as tf.Tensor3D;
    const none = tf.fill([batch, lanes], impossible);
    const closed = tf.where(given, tf.zerosLike(none), none);
    const before = tf.pad(
      classes.slice([0, 0], [-1, lanes - 1]),
      [
        [0, 0],
        [1, 0],
      ],
      blank,
    );
    const isWithin = (lengths: tf.Tensor, most: number) => lengths.greaterEqual(0).logicalAnd(lengths.lessEqual(most));
    const lengths = isWithin(inputLengths, time).logicalAnd(isWithin(targetLengths, targets.shape[1] as number));
    return {
      labels: rows.transpose([2, 0, 1]).add(closed).maximum(impossible) as tf.Tensor3D,
      blanks: logProbabilities.slice([0, 0, blank], [-1, -1, 1]).transpose([1, 0, 2]) as tf.Tensor3D,
      classes: classes as tf.Tensor2D,
      skips: tf.where(place.greater(0).logicalAnd(classes.notEqual(before)), tf.zerosLike(none), none) as tf.Tensor2D,
      counts: tf
        .range(0, time, 1, 'int32')
        .reshape([time, 1, 1])
        .less(inputLengths.reshape([1, batch, 1])),
      valid: lengths.logicalAnd(given.logicalNot().logicalOr(isLabel).all(1)) as tf.Tensor1D,
      ends: place.equal(targetLengths.expandDims(1)).toFloat() as tf.Tensor2D,
    };
  });
}

/** The largest of all states of a sample, by which they are shifted so as to stay near 0; 0 where none is possible. */
export function shiftOf(labels: tf.Tensor, blanks: tf.Tensor): tf.Tensor {
  const largest = labels.maximum(blanks).max(1, true);
  return tf.where(largest.greater(impossible / 2), largest, tf.zerosLike(largest));
}

/** The largest logit of each frame and the logarithm of the sum of exp(logit - largest), [batch, time, 2]. */
function normalizerOf(logits: tf.Tensor): tf.Tensor {
  const largest = logits.max(-1, true);
  return tf.concat([largest, logits.sub(largest).exp().sum(-1, true).log()], -1);
}

/**
 * The definition, with a state's value less the sample's largest so far, so that float32 holds it however long the
 * sequence; the differences are summed up by themselves.
 */
export function ctcLossReference(inputs: CtcInputs, blank: number): CtcOutputs {
  return tf.tidy(() => {
    const {logits, inputLengths} = inputs;
    const normalizer = normalizerOf(logits);
    const {labels, blanks, skips, counts, valid, ends} = planOf(inputs, blank, normalizer);
    const [time, batch, lanes] = labels.shape;
    const none = tf.fill([batch, lanes], impossible);
    // Before the first frame all is at the first blank.
    const first = tf.oneHot(tf.zeros([batch], 'int32'), lanes).toFloat();
    let state = {label: none, blank: tf.where(first.greater(0), tf.zerosLike(none), none)};
    let shift = tf.zeros([batch, 1]);
    const [alphas, shifts]: [tf.Tensor[], tf.Tensor[]] = [[], []];
    for (let t = 0; t < time; t++) {
      const at = (x: tf.Tensor3D) => x.slice([t, 0, 0], [1, -1, -1]).squeeze<tf.Tensor2D>([0]);
      const [label, isCounted, before] = [at(labels), at(counts), fromBefore(state.label)];
      const skipped = before.add(skips).maximum(impossible);
      const next = {
        label: logSumExp(state.label, state.blank, skipped).add(label).sub(shift).maximum(impossible),
        blank: logSumExp(state.blank, before).add(at(blanks)).sub(shift).maximum(impossible),
      };
      shifts.push(tf.where(isCounted, shift, tf.zerosLike(shift)));
      state = {
        label: tf.where(isCounted, next.label, state.label),
        blank: tf.where(isCounted, next.blank, state.blank),
      };
      shift = shiftOf(state.label, state.blank);
      alphas.push(tf.stack([state.label, state.blank], 1));
    }
    const atEnd = tf.where(ends.greater(0), logSumExp(state.blank, fromBefore(state.label)), none).max(1);
    const loss = tf.sub(0, atEnd.add(tf.stack(shifts).sum(0).squeeze([1])));
    const possible = tf.where(atEnd.greater(impossible / 2), loss, tf.fill([batch], Number.POSITIVE_INFINITY));
    const hasNaN = logits
      .isNaN()
      .any(-1)
      .logicalAnd(tf.range(0, time, 1, 'int32').less(inputLengths.expandDims(1)))
      .any(1);
    return {
      loss: tf.where(valid.logicalAnd(hasNaN.logicalNot()), possible, tf.fill([batch], Number.NaN)),
      alphas: tf.stack(alphas, 1),
      normalizer,
    };
  });
}
