import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '@variants/core';
import {assert} from '../assert';
import {adamSteps, randomTokens, twoSequences, withModel} from '../models';
import type {Law} from '../subject';

type Activity = (model: LanguageModel) => void | Promise<void>;

const generate: Activity = async (model) => {
  for await (const _ of model.generate([0, 1], {maxTokens: 4, seed: 1}));
};

const abandonedGenerate: Activity = async (model) => {
  for await (const _ of model.generate([0], {maxTokens: 4})) break;
};

const stream: Activity = (model) => {
  const first = model.stream(randomTokens(model, 2, 2, 1));
  const branch = first.state.clone();
  const second = model.stream([[0], [1]], first.state);
  tf.dispose([first.logits, second.logits]);
  branch.dispose();
  second.state.dispose();
};

const train: Activity = (model) => {
  for (const _ of adamSteps(model, twoSequences(model), 2, 0.001));
};

const fit: Activity = async (model) => {
  const tokens = tf.tensor2d(twoSequences(model), undefined, 'int32');
  await model.fit(tokens, tokens, {epochs: 1, batchSize: 2, verbose: 0});
  tokens.dispose();
};

const activities: {[name: string]: Activity} = {
  logits: (model) => model.logits([[0, 1]]).dispose(),
  loss: (model) => model.loss([[0, 1]]).dispose(),
  predict: (model) => tf.tidy(() => void model.predict(tf.tensor2d([[0, 1]], undefined, 'int32'))),
  stream,
  generate,
  'generate, left early': abandonedGenerate,
  'training steps': train,
  fit,
};

/** Whatever a model does, when it is done there are as many tensors as before. */
export const noLeaks: Law = {
  name: 'leaks no tensor, whatever it does',
  check: (subject) =>
    withModel(subject, async (model) => {
      model.compile({optimizer: 'sgd'});
      for (const [name, activity] of Object.entries(activities)) {
        // Once before, for what is made at the first call and kept.
        await activity(model);
        const before = tf.memory().numTensors;
        await activity(model);
        const leaked = tf.memory().numTensors - before;
        assert(leaked === 0, `${name} leaks ${leaked} tensors`);
      }
    }),
};
