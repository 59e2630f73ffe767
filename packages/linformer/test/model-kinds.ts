import * as tf from '@tensorflow/tfjs';
import {type EncodeOptions, inference} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  layerOutputs,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type Linformer, type LinformerClassifier} from '../src';

/** What the embeddings and each block give; behind the last norm, where there is one, the last. */
function innerStates(model: Linformer | LinformerClassifier, tokens: tf.Tensor): {[name: string]: tf.Tensor} {
  const outputs = layerOutputs(model, tokens, inference);
  const states = [...outputs].filter(([name]) => /^(embeddings|block_\d+)$/.test(name)).map(([, state]) => state);
  const features = outputs.get('final_norm') ?? states[states.length - 1];
  return {
    ...Object.fromEntries(states.map((state, i) => [`output.inner${i}`, state])),
    'output.features': features,
  };
}

/** Targets where tokens were masked, -100 elsewhere. */
const targetsOf = (golden: GoldenCase) =>
  tf.where(golden.input('masked').cast('bool'), golden.input('targets'), tf.scalar(-100, 'int32')).toInt();

async function encoder(golden: GoldenCase): Promise<Actual> {
  return golden.has('input.labels') ? classifier(golden) : masked(golden);
}

async function masked(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained(directory));
  const tokens = golden.input('tokens');
  const targets = targetsOf(golden);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, targets));
  return {
    ...innerStates(model, tokens),
    'output.logits': model.logits(tokens),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

async function classifier(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained<LinformerClassifier>(golden.directory);
  await roundTrip(golden, model, fromPretrained<LinformerClassifier>);
  const [tokens, labels] = [golden.input('tokens'), golden.input('labels')];
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels));
  return {
    ...innerStates(model, tokens),
    'output.logits': model.tokenLogits(tokens),
    'output.class_logits': model.logits(tokens),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

/** A model with logits of all positions, which are all targets. */
async function allPositions(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, (directory) => fromPretrained(directory));
  const [tokens, targets] = [golden.input('tokens'), golden.input('targets')];
  const options: EncodeOptions = golden.has('input.mask') ? {attentionMask: golden.input('mask')} : {};
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, targets, options));
  return {
    'output.logits': model.logits(tokens, options),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

export const modelKinds: Kinds = {encoder, 'lucidrains-lm': allPositions, 'tatp22-lm': allPositions};
