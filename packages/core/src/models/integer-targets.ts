import * as tf from '@tensorflow/tfjs';
import {type CrossEntropyOptions, softmaxCrossEntropy} from '../kernels/softmax-cross-entropy';
import {ignoredTarget} from './token-input';

/** What the models here take to be compiled: the loss has a default. */
export type IntegerCompileArgs = Omit<tf.ModelCompileArgs, 'loss'> & {loss?: tf.ModelCompileArgs['loss']};

/** How a model that is trained on integer targets [batch, time] counts them. */
export interface IntegerTargets {
  /** Targets with -100 where nothing is to be predicted. Default: the targets as they are. */
  counted?(targets: tf.Tensor): tf.Tensor;
  /** Label smoothing of the loss. Default 0. */
  smoothing?: number;
}

/**
 * Compiles a model as tfjs does, for integer targets [batch, time]: the loss is the cross entropy of tokens unless a
 * function is given, and the metrics 'acc' and 'accuracy' count the right tokens.
 * @param compile The model's `super.compile`.
 */
export function compileForIntegers(
  model: tf.LayersModel,
  args: IntegerCompileArgs,
  compile: (args: tf.ModelCompileArgs) => void,
  {counted = (targets) => targets, smoothing}: IntegerTargets = {},
): void {
  const ownLoss = model.loss;
  const tokenLoss = (targets: tf.Tensor, logits: tf.Tensor, options?: CrossEntropyOptions) =>
    softmaxCrossEntropy(logits, counted(targets), {smoothing, ...options});
  compile({
    ...args,
    loss: typeof args.loss === 'function' ? args.loss : tokenLoss,
    metrics: tokenMetrics(args.metrics, tokenAccuracy(counted)),
  });
  // tfjs keeps the loss it was given under the name of our method, and would hold targets to the shape of the logits.
  model.loss = ownLoss;
  (model as unknown as {feedOutputShapes: unknown[]}).feedOutputShapes = [null];
}

/** The share of counted targets whose logit is the largest. */
function tokenAccuracy(counted: (targets: tf.Tensor) => tf.Tensor) {
  const acc = (targets: tf.Tensor, logits: tf.Tensor): tf.Tensor =>
    tf.tidy(() => {
      const wanted = counted(targets);
      const counts = wanted.notEqual(ignoredTarget).toFloat();
      const right = logits.argMax(-1).equal(wanted.toInt()).toFloat();
      return right.mul(counts).sum().div(counts.sum());
    });
  // tfjs takes the name in the history from the function, and a bundler may shorten that.
  return Object.defineProperty(acc, 'name', {value: 'acc'});
}

type Metrics = tf.ModelCompileArgs['metrics'];
type Metric = ReturnType<typeof tokenAccuracy>;

function tokenMetrics(metrics: Metrics, acc: Metric): Metrics {
  const translate = (metric: unknown) => (metric === 'acc' || metric === 'accuracy' ? acc : metric);
  return (Array.isArray(metrics) ? metrics.map(translate) : translate(metrics)) as Metrics;
}
