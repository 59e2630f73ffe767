import * as tf from '@tensorflow/tfjs';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  type Kind,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type Hyena, type HyenaClassifier} from '../src';
import {operator} from './golden-operator';

const load = (directory: string) => fromPretrained(directory);
const loadClassifier = (directory: string) => fromPretrained<HyenaClassifier>(directory);

/** A loss and the gradients of all weights for it. */
function trained(model: Hyena | HyenaClassifier, lossOf: () => tf.Scalar): Actual {
  const {loss, gradients} = gradientsOf(model, lossOf);
  return {loss: loss.as1D(), ...namedGradients(model, gradients)};
}

const namedGradients = (model: Hyena | HyenaClassifier, gradients: Map<string, tf.Tensor>) =>
  'hidden' in model ? authorsGradients(model, gradients) : authorsGradients(model, gradients);

/** Fed one by one. */
function streamedLogits(model: Hyena, tokens: tf.Tensor): tf.Tensor {
  let state: ReturnType<Hyena['stream']>['state'] | null = null;
  const logits = tf.split(tokens, tokens.shape[1] as number, 1).map((token) => {
    const step: ReturnType<Hyena['stream']> = model.stream(token, state);
    state = step.state;
    return step.logits;
  });
  (state as ReturnType<Hyena['stream']>['state'] | null)?.dispose();
  return tf.concat(logits, 1);
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const whole = model.logits(tokens);
  const distance = streamedLogits(model, tokens).sub(whole).abs().max().div(whole.abs().max()).dataSync()[0];
  if (!(distance < 2e-5)) throw new Error(`a stream differs by ${distance} from the whole`);
  return {
    'output.logits': whole,
    'output.hidden': model.hidden(tokens),
    ...trained(model, () => model.loss(tokens)),
  };
}

async function classifier(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const labels = golden.input('labels');
  const model = await loadClassifier(golden.directory);
  await roundTrip(golden, model, loadClassifier);
  return {'output.logits': model.logits(tokens), ...trained(model, () => model.loss(tokens, labels))};
}

async function backbone(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const {gradients} = gradientsOf(model, () => model.hidden(tokens).mul(golden.tensor('probe')).sum());
  const hidden = model.hidden(tokens);
  const terms = hidden.mul(golden.tensor('probe'));
  return {
    'output.hidden': hidden,
    loss: {value: terms.sum(), scale: terms.abs().sum().dataSync()[0]},
    ...authorsGradients(model, gradients),
  };
}

const hyenaDna: Kind = (golden) => (golden.config.use_head === true ? classifier(golden) : backbone(golden));

goldenTests(import.meta.url, {
  operator,
  lm: languageModel,
  hyenadna: hyenaDna,
  'hyenadna-hf-lm': languageModel,
  'hyenadna-hf-classifier': classifier,
});
