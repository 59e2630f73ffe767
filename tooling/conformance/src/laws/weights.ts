import * as tf from '@tensorflow/tfjs';
import {assert} from '../assert';
import {asGiven, twoExamples} from '../examples';
import {withFreshModel} from '../models';
import type {Law} from '../subject';

/** Names by which a weight can be found, in files and in messages. */
export const weightNames: Law = {
  name: 'names every weight by its full path, once, in an order that is always the same',
  check: (subject) =>
    withFreshModel(subject, async (model) => {
      const names = model.weights.map((weight) => weight.originalName);
      const twice = names.filter((name, i) => names.indexOf(name) !== i);
      assert(twice.length === 0, `two weights are named ${twice.join(', ')}`);
      const layers = new Set(model.layers.map((layer) => layer.name));
      const lost = names.filter((name) => !/.\/./.test(name) || !layers.has(name.split('/')[0]));
      assert(lost.length === 0, `no path from a layer of the model: ${lost.join(', ')}`);
      const again = await withFreshModel(subject, (other) => other.weights.map((weight) => weight.originalName));
      assert(again.join() === names.join(), `the weights of a second model are ${again}, of the first ${names}`);
    }),
};

/** Trainers that average weights take getWeights as it is. */
export const weightTypes: Law = {
  name: 'has float32 weights alone, which countParams counts',
  check: (subject) =>
    withFreshModel(subject, (model) => {
      const others = model.weights.filter((weight) => weight.dtype !== 'float32');
      assert(others.length === 0, `not float32: ${others.map((weight) => weight.originalName).join(', ')}`);
      const weights = model.getWeights();
      assert(weights.length === model.weights.length, `getWeights gives ${weights.length} of ${model.weights.length}`);
      const size = weights.reduce((sum, weight) => sum + weight.size, 0);
      assert(model.countParams() === size, `countParams gives ${model.countParams()}, but the weights have ${size}`);
    }),
};

/** Freeing a model frees all that it made. */
export const disposal: Law = {
  name: 'leaves nothing behind when it is disposed of',
  async check(subject) {
    const before = tf.memory().numTensors;
    await withFreshModel(subject, (model) => {
      tf.tidy(() => void model.logits(asGiven(model, twoExamples(subject, model).inputs)));
    });
    const left = tf.memory().numTensors - before;
    assert(left === 0, `${left} tensors are left of a model that was disposed of`);
  },
};
