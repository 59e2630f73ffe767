import type * as tf from '@tensorflow/tfjs';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  type Kind,
  requireAlike,
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

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const whole = model.logits(tokens);
  await requireAlike(feed(model, tokens), whole, 2e-5);
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
    loss: {value: terms.sum(), scale: terms.abs().sum()},
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
