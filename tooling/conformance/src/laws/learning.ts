import * as tf from '@tensorflow/tfjs';
import {inference} from '@variants/core';
import {assert} from '../assert';
import {twoExamples} from '../examples';
import {adamSteps, weightsOf, withFreshModel, withModel} from '../models';
import type {Law} from '../subject';

/** Every trainable weight takes part. */
export const gradients: Law = {
  name: 'gives every trainable weight a gradient that is finite and not 0',
  check: (subject) =>
    withModel(subject, (model) =>
      tf.tidy(() => {
        const weights = model.trainableWeights;
        const variables = weights.map((weight) => weight.read() as tf.Variable);
        const {inputs, targets} = twoExamples(subject, model);
        const loss = () => model.criterion(model.forward(inputs, inference), targets);
        const {grads} = tf.variableGrads(loss, variables);
        const named = weights.map((weight, i) => ({name: weight.originalName, gradient: grads[variables[i].name]}));
        const dead = named.filter(({gradient}) => !gradient?.dataSync().some((value) => value !== 0));
        assert(dead.length === 0, `no gradient for ${dead.map(({name}) => name).join(', ')}`);
        const wild = named.filter(({gradient}) => !gradient.dataSync().every(Number.isFinite));
        assert(wild.length === 0, `a gradient that is not finite for ${wild.map(({name}) => name).join(', ')}`);
      }),
    ),
};

/** It can learn two examples by heart. */
export const overfits: Law = {
  name: 'learns two examples by heart',
  check: (subject) =>
    withFreshModel(subject, (model) => {
      const {steps = 150, learningRate = 0.02, below = 0.3} = subject.overfit ?? {};
      const example = twoExamples(subject, model);
      let lowest = Number.POSITIVE_INFINITY;
      for (const loss of adamSteps(model, example, steps, learningRate)) {
        lowest = Math.min(lowest, loss);
        if (lowest < below) break;
      }
      tf.dispose([example.inputs, example.targets]);
      assert(lowest < below, `after ${steps} steps of Adam the lowest loss is ${lowest}, not below ${below}`);
    }),
};

/** tfjs's own training works on it, with integer targets, some of which do not count. */
export const fits: Law = {
  name: 'trains by compile and fit, with integer targets, -100 and accuracy',
  check: (subject) =>
    withFreshModel(subject, async (model) => {
      const {inputs, targets} = twoExamples(subject, model);
      const before = weightsOf(model);
      model.compile({optimizer: 'adam', metrics: ['acc']});
      const {history} = await model.fit(inputs, targets, {epochs: 5, batchSize: 2, verbose: 0});
      tf.dispose([inputs, targets]);
      const [losses, accuracies] = [history.loss, history.acc] as number[][];
      assert(losses[4] < losses[0], `losses over five epochs of fit: ${losses}`);
      assert(
        accuracies?.every((share) => share >= 0 && share <= 1),
        `accuracies over five epochs of fit: ${accuracies}`,
      );
      const unmoved = [...weightsOf(model)].filter(([name, values]) =>
        values.every((value, i) => value === before.get(name)?.[i]),
      );
      const trainable = new Set(model.trainableWeights.map((weight) => weight.originalName));
      const stuck = unmoved.map(([name]) => name).filter((name) => trainable.has(name));
      assert(stuck.length === 0, `fit did not change ${stuck.join(', ')}`);
    }),
};
