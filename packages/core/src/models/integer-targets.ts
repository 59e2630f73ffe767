import * as tf from '@tensorflow/tfjs';
import {ignoredTarget} from './token-input';

/** What the models here take to be compiled: the loss has a default. */
export type IntegerCompileArgs = Omit<tf.ModelCompileArgs, 'loss'> & {loss?: tf.ModelCompileArgs['loss']};

/** A model that is trained on integer targets. */
export interface IntegerModel extends tf.LayersModel {
  /** Mean loss in nats of outputs over all targets that count. */
  criterion(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar;
  /** The share of targets that are right. Runs inside a `tf.tidy`. */
  accuracy(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar;
}

/**
 * Compiles a model as tfjs does, for integer targets: the loss is the model's own unless a function is given, and the
 * metrics 'acc' and 'accuracy' count the right ones.
 * @param compile The model's `super.compile`.
 */
export function compileForIntegers(
  model: IntegerModel,
  args: IntegerCompileArgs,
  compile: (args: tf.ModelCompileArgs) => void,
): void {
  const ownLoss = model.loss;
  // Further arguments are tfjs's own, and no options of ours.
  const integerLoss = (targets: tf.Tensor, outputs: tf.Tensor) => model.criterion(outputs, targets);
  compile({
    ...args,
    loss: typeof args.loss === 'function' ? args.loss : integerLoss,
    metrics: integerMetrics(args.metrics, accuracyOf(model)),
  });
  // tfjs keeps the loss it was given under the name of our method, and would hold targets to the shape of the logits.
  model.loss = ownLoss;
  (model as unknown as {feedOutputShapes: unknown[]}).feedOutputShapes = [null];
}

/**
 * How many targets count, and of how many of those the logit is the largest, [] int32 each. Runs inside a `tf.tidy`.
 * @param wanted -100 where nothing counts, which is no class.
 */
export function countRight(logits: tf.Tensor, wanted: tf.Tensor): {right: tf.Tensor; count: tf.Tensor} {
  const right = logits.argMax(-1).toInt().equal(wanted.toInt());
  return {right: right.toInt().sum(), count: countOf(wanted)};
}

/** How many targets count, [] int32. Runs inside a `tf.tidy`. */
export const countOf = (wanted: tf.Tensor): tf.Scalar => wanted.notEqual(ignoredTarget).toInt().sum() as tf.Scalar;

/** The model's own accuracy, as a metric. */
function accuracyOf(model: IntegerModel) {
  const acc = (targets: tf.Tensor, outputs: tf.Tensor): tf.Tensor => tf.tidy(() => model.accuracy(outputs, targets));
  // tfjs takes the name in the history from the function, and a bundler may shorten that.
  return Object.defineProperty(acc, 'name', {value: 'acc'});
}

type Metrics = tf.ModelCompileArgs['metrics'];
type Metric = ReturnType<typeof accuracyOf>;

function integerMetrics(metrics: Metrics, acc: Metric): Metrics {
  const translate = (metric: unknown) => (metric === 'acc' || metric === 'accuracy' ? acc : metric);
  return (Array.isArray(metrics) ? metrics.map(translate) : translate(metrics)) as Metrics;
}
