import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptionalTensors, requireOptions, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {ctcLossGradient} from './gradient';
import {ctcLossReference} from './reference';
import type {CtcAttributes, CtcInputs, CtcOutputs} from './types';

const kernel = defineKernel<CtcInputs, CtcAttributes, CtcOutputs>({
  name: 'CtcLoss',
  outputs: ['loss', 'alphas', 'normalizer'],
  differentiable: ['logits'],
  reference: (inputs, {blank}) => ctcLossReference(inputs, blank),
  gradient: ({loss}, inputs, outputs, {blank}) => ({logits: ctcLossGradient(loss, inputs, outputs, blank)}),
});

/** How {@link ctcLoss} makes one number of the samples' losses. */
export type CtcReduction = 'mean' | 'sum' | 'none';

/** Options of {@link ctcLoss}. */
export interface CtcLossOptions {
  /** Frames of each sample, int32 [batch], 0 to time. Default: all. */
  inputLengths?: tf.Tensor;
  /** Labels of each sample, int32 [batch]. Default: those before the first that is below 0, such as -100. */
  targetLengths?: tf.Tensor;
  /** The class that stands for no label. Default 0. */
  blank?: number;
  /**
   * 'mean': of loss / labels over the batch, a sample without labels divided by 1; 'sum'; 'none': the loss of each.
   * Default 'mean'.
   */
  reduction?: CtcReduction;
  /** Makes infinite losses 0. Default false. */
  zeroInfinity?: boolean;
}

/** Infinite losses as 0. Their gradient is 0 by the kernel. */
const infinityAsZero = tf.customGrad((loss: unknown) => {
  const losses = loss as tf.Tensor;
  const value = tf.where(losses.equal(Number.POSITIVE_INFINITY), tf.zerosLike(losses), losses);
  return {value, gradFunc: (gradient: tf.Tensor) => gradient.clone()};
}) as (loss: tf.Tensor) => tf.Tensor;

/** Labels before the first that is none, int32 [batch]. */
function lengthsOf(targets: tf.Tensor): tf.Tensor {
  return targets.less(0).toInt().cumsum(1).equal(0).toInt().sum(1);
}

/**
 * The loss of connectionist temporal classification: how improbable it is that frames say the labels y of a target, in
 * nats, whatever alignment they say them by,
 *
 *     loss = -log sum over alignments a of prod_t p_t(a_t),   p_t = softmax(logits_t)
 *
 * where an alignment is a class for each frame that gives y when repeats are merged and blanks are dropped. A target that
 * is longer than its frames, or has too many repeated labels for them, has no alignment: its loss is infinite, or 0 with
 * `zeroInfinity`, and its gradient is 0 either way.
 *
 * Computed by sums over states in log space (Graves et al. 2006), shifted so that any length keeps float32's digits; the
 * gradient is softmax minus the states' share of alignments. What is NaN: the loss of a sample whose lengths are beyond
 * its row, or with a label that is the blank or no class.
 * @param logits [batch, time, classes]; log probabilities will do too.
 * @param targets int32 [batch, labels], what is behind a sample's length being ignored.
 * @returns A scalar, or [batch] with reduction 'none'.
 * @throws ShapeError when the sizes differ; ConfigError for an option.
 */
export function ctcLoss(logits: tf.Tensor, targets: tf.Tensor, options: CtcLossOptions = {}): tf.Tensor {
  const name = 'ctcLoss';
  requireTensors(name, {logits, targets});
  requireOptions(name, options, ['inputLengths', 'targetLengths', 'blank', 'reduction', 'zeroInfinity']);
  const {inputLengths, targetLengths, blank = 0, reduction = 'mean', zeroInfinity = false} = options;
  requireOptionalTensors(name, {inputLengths, targetLengths});
  requireArgument(name, 'zeroInfinity', zeroInfinity, typeof zeroInfinity === 'boolean', 'true or false');
  const isReduction = ['mean', 'sum', 'none'].includes(reduction);
  requireArgument(name, 'reduction', reduction, isReduction, "'mean', 'sum' or 'none'");
  checkShapes(logits, targets, {inputLengths, targetLengths});
  const [batch, time, classes] = logits.shape as [number, number, number];
  const isClass = Number.isInteger(blank) && blank >= 0 && blank < classes;
  requireArgument(name, 'blank', blank, isClass, `a class, 0 to ${classes - 1}`);
  return tf.tidy(() => {
    const labels = (targetLengths ?? lengthsOf(targets)).toInt();
    const frames = inputLengths?.toInt() ?? tf.fill([batch], time, 'int32');
    const inputs = {logits: logits.toFloat(), targets: targets.toInt(), inputLengths: frames, targetLengths: labels};
    const {loss} = kernel(inputs, {blank});
    const losses = zeroInfinity ? infinityAsZero(loss) : loss;
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? losses.sum() : losses.div(labels.maximum(1).toFloat()).mean();
  });
}

function checkShapes(logits: tf.Tensor, targets: tf.Tensor, lengths: {[name: string]: tf.Tensor | undefined}): void {
  const [batch, time] = logits.shape;
  if (logits.rank !== 3 || time === 0 || logits.size === 0)
    throw new ShapeError(`ctcLoss: logits [${logits.shape}] must be [batch, time, classes], each at least 1`);
  if (targets.rank !== 2 || targets.shape[0] !== batch)
    throw new ShapeError(
      `ctcLoss: targets [${targets.shape}] must be [batch, labels] with the batch ${batch} of logits`,
    );
  for (const [name, tensor] of Object.entries(lengths))
    if (tensor && tensor.shape.join() !== `${batch}`)
      throw new ShapeError(`ctcLoss: ${name} [${tensor.shape}] must be [${batch}], a number for each sample`);
}
