import * as tf from '@tensorflow/tfjs';
import type {Example, LanguageModel, ModelKind, SequenceToSequence, VariantModel} from '@variants/core';
import {assert} from '../assert';
import {asGiven, sizesOf, twoExamples} from '../examples';
import {adamSteps, randomTokens, withModel} from '../models';
import type {Law} from '../subject';

type Activity<Model extends VariantModel = VariantModel> = (model: Model, example: Example) => void | Promise<void>;

const generate: Activity<LanguageModel> = async (model) => {
  for await (const _ of model.generate([0, 1], {maxTokens: 4, seed: 1}));
};

const abandonedGenerate: Activity<LanguageModel> = async (model) => {
  for await (const _ of model.generate([0], {maxTokens: 4})) break;
};

const stream: Activity<LanguageModel> = (model) => {
  const first = model.stream(randomTokens(model, 2, 2, 1));
  const branch = first.state.clone();
  const second = model.stream([[0], [1]], first.state);
  tf.dispose([first.logits, second.logits]);
  branch.dispose();
  second.state.dispose();
};

const streamTarget: Activity<SequenceToSequence> = (model, {inputs}) => {
  const [source, target] = inputs as tf.Tensor2D[];
  const {logits, state} = model.stream(target, model.begin(source));
  logits.dispose();
  state.dispose();
};

const generateTarget: Activity<SequenceToSequence> = async (model) => {
  const begin = sizesOf(model).targetVocabSize - 1;
  for await (const _ of model.generate([begin], {begin, maxTokens: 3}));
};

const train: Activity = (model, example) => {
  for (const _ of adamSteps(model, example, 2, 0.001));
};

const fit: Activity = async (model, {inputs, targets}) => {
  await model.fit(inputs, targets, {epochs: 1, batchSize: 2, verbose: 0});
};

/** What models of any kind do. */
const common: {[name: string]: Activity} = {
  logits: (model, {inputs}) => model.logits(asGiven(model, inputs)).dispose(),
  loss: (model, {inputs, targets}) => model.loss(asGiven(model, inputs), targets).dispose(),
  predict: (model, {inputs}) => tf.tidy(() => void model.predict(inputs)),
  'training steps': train,
  fit,
};

/** What those of one kind do. */
const ofKind: {[kind in ModelKind]?: {[name: string]: Activity<never>}} = {
  'language-model': {stream, generate, 'generate, left early': abandonedGenerate},
  'sequence-to-sequence': {stream: streamTarget, generate: generateTarget},
};

/** Whatever a model does, when it is done there are as many tensors as before. */
export const noLeaks: Law = {
  name: 'leaks no tensor, whatever it does',
  check: (subject) =>
    withModel(subject, async (model) => {
      model.compile({optimizer: 'sgd'});
      const example = twoExamples(subject, model);
      for (const [name, activity] of Object.entries<Activity<never>>({...common, ...ofKind[model.kind]})) {
        const run = () => activity(model as never, example);
        // Once before, for what is made at the first call and kept.
        await run();
        const before = tf.memory().numTensors;
        await run();
        const leaked = tf.memory().numTensors - before;
        assert(leaked === 0, `${name} leaks ${leaked} tensors`);
      }
      tf.dispose([example.inputs, example.targets]);
    }),
};
