import * as tf from '@tensorflow/tfjs';
import {toAuthorsNames} from '@variants/core';
import {AdamW, clipByGlobalNorm, schedules} from '@variants/train';
import type {Actual, GoldenCase, Kind} from '@variants-tooling/golden';
import {fromPretrained, type Transformer} from '../src';

interface Step {
  loss: number;
  gradNorm: number;
  learningRate: number;
}

/** The mean loss of the micro-batches [batches, batch, time] and its gradients, by the variables' names. */
function lossAndGradients(model: Transformer, microBatches: tf.Tensor): {value: tf.Scalar; grads: tf.NamedTensorMap} {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const losses = () => tf.unstack(microBatches).map((tokens) => model.loss(tokens));
  return tf.variableGrads(() => tf.stack(losses()).mean() as tf.Scalar, variables);
}

/** nanoGPT's training: cosine schedule, clipping by the global norm, AdamW. */
export const trainingRun: Kind = async (golden: GoldenCase): Promise<Actual> => {
  const config = golden.config as {[field: string]: number};
  const schedule = {
    learningRate: config.learning_rate,
    warmupSteps: config.warmup_iters,
    minLearningRate: config.min_lr,
    decaySteps: config.lr_decay_iters,
  };
  const model = await fromPretrained(golden.directory);
  const optimizer = new AdamW({betas: [config.beta1, config.beta2], weightDecay: config.weight_decay});
  const steps = tf.unstack(golden.input('tokens')).map((microBatches, number): Step => {
    optimizer.learningRate = schedules.cosine(number, schedule);
    const {value, grads} = lossAndGradients(model, microBatches);
    const {gradients, norm} = clipByGlobalNorm(grads, config.grad_clip);
    optimizer.applyGradients(gradients);
    return {loss: value.dataSync()[0], gradNorm: norm.dataSync()[0], learningRate: optimizer.learningRate};
  });
  const weights = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
  const final = [...toAuthorsNames(model.layout, model.config, weights)].map(([name, weight]) => [
    `final.${name}`,
    weight,
  ]);
  optimizer.dispose();
  return {
    'output.losses': tf.tensor1d(steps.map(({loss}) => loss)),
    'output.gradNorms': tf.tensor1d(steps.map(({gradNorm}) => gradNorm)),
    'output.learningRates': tf.tensor1d(steps.map(({learningRate}) => learningRate)),
    ...Object.fromEntries(final),
  };
};
