import * as tf from '@tensorflow/tfjs';
import {type Example, inference, type LanguageModel, Random, type VariantModel} from '@variants/core';
import {assert} from './assert';
import {kindOf, type Subject} from './subject';

/** Runs `body` with a model with its first weights, and frees the model. */
export async function withFreshModel<Result, Model extends VariantModel = VariantModel>(
  subject: Subject,
  body: (model: Model) => Result | Promise<Result>,
  overrides: {[field: string]: unknown} = {},
): Promise<Result> {
  const model = subject.create(overrides);
  try {
    assert(model.kind === kindOf(subject), `the model is of the kind ${model.kind}, not ${kindOf(subject)}`);
    return await body(model as Model);
  } finally {
    model.dispose();
  }
}

/**
 * Runs `body` with a model whose weights are all moved at random, as if it had been trained: no law may hold only because
 * a projection begins at zero.
 */
export function withModel<Result, Model extends VariantModel = VariantModel>(
  subject: Subject,
  body: (model: Model) => Result | Promise<Result>,
  overrides: {[field: string]: unknown} = {},
): Promise<Result> {
  return withFreshModel(
    subject,
    (model: Model) => {
      moveWeights(model);
      return body(model);
    },
    overrides,
  );
}

function moveWeights(model: VariantModel): void {
  for (const weight of model.trainableWeights)
    tf.tidy(() => {
      const random = new Random(1, weight.originalName);
      const noise = Float32Array.from({length: weight.read().size}, () => 0.1 * random.normal());
      weight.write(weight.read().add(tf.tensor(noise, weight.shape as number[])));
    });
}

/** Random token ids, a list per row. */
export function randomTokens(model: LanguageModel, batch: number, time: number, seed: number): number[][] {
  const random = new Random(seed, 'tokens');
  return Array.from({length: batch}, () => Array.from({length: time}, () => random.below(model.config.vocabSize)));
}

/** The longest sequence to try on a model. */
export function longestTime(subject: Subject, model: VariantModel): number {
  return Math.min(subject.longest ?? 12, model.contextLength ?? Number.POSITIVE_INFINITY);
}

/** How far outputs of a stream may be from those of the whole sequence, relative to the largest. */
export function streamTolerance({streamTolerance = 1e-4}: Subject): number {
  return streamTolerance;
}

/** Logits of all rows, row after row. */
export function logitsOf(model: LanguageModel, tokens: number[][]): Float32Array {
  return tf.tidy(() => model.logits(tokens).dataSync<'float32'>());
}

/** Every weight's values by its name. */
export function weightsOf(model: VariantModel): Map<string, Float32Array> {
  return new Map(model.weights.map((weight) => [weight.originalName, weight.read().dataSync<'float32'>().slice()]));
}

/** A few steps of Adam on one example; yields the loss before each. */
export function* adamSteps(
  model: VariantModel,
  {inputs, targets}: Example,
  steps: number,
  learningRate: number,
): Generator<number, void, void> {
  const optimizer = tf.train.adam(learningRate);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const loss = () => model.criterion(model.forward(inputs, inference), targets);
  try {
    for (let step = 0; step < steps; step++)
      yield tf.tidy(() => (optimizer.minimize(loss, true, variables) as tf.Scalar).dataSync()[0]);
  } finally {
    optimizer.dispose();
  }
}

/** A model that was saved and loaded by tfjs. */
export async function throughTfjs(model: VariantModel, config?: tf.io.SaveConfig): Promise<tf.LayersModel> {
  const saved: tf.io.ModelArtifacts[] = [];
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved.push(artifacts);
    return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
  });
  await model.save(handler, config);
  // What is stored is JSON, without what JSON cannot hold.
  const {modelTopology, ...rest} = saved[0];
  const topology = JSON.parse(JSON.stringify(modelTopology));
  return tf.loadLayersModel(tf.io.fromMemory({...rest, modelTopology: topology}));
}
