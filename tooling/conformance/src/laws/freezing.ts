import * as tf from '@tensorflow/tfjs';
import {VariantLayer, type VariantModel} from '@variants/core';
import {assert, assertClose, assertSame} from '../assert';
import {twoExamples} from '../examples';
import {throughTfjs, weightsOf, withFreshModel} from '../models';
import type {Law} from '../subject';

/** Paths below a layer, at any depth. */
function pathsBelow(layer: VariantLayer): string[] {
  // Each alone would not do: what lies in a frozen layer may be frozen too.
  const names = layer.weights.map(({originalName}) => originalName.split('/').slice(1, -1));
  const paths = names.flatMap((parts) => parts.map((_, i) => parts.slice(0, i + 1).join('/')));
  return [...new Set(paths)];
}

const layersOf = (model: tf.LayersModel): VariantLayer[] =>
  model.layers.filter((layer) => layer instanceof VariantLayer && layer.weights.length > 0) as VariantLayer[];

/** Ways to freeze a part of a model, each on a fresh one. */
const ways: {[what: string]: (model: VariantModel) => void} = {
  'the first layer': (model) => {
    layersOf(model)[0].trainable = false;
  },
  'every second layer': (model) => {
    layersOf(model).forEach((layer, i) => {
      layer.trainable = i % 2 === 1;
    });
  },
  'a layer in a layer': (model) => {
    const layer = layersOf(model).find((one) => pathsBelow(one).length > 0);
    if (layer) layer.frozenBelow = [pathsBelow(layer)[0]];
  },
  'every second layer in layers, at any depth': (model) => {
    for (const layer of layersOf(model)) layer.frozenBelow = pathsBelow(layer).filter((_, i) => i % 2 === 0);
  },
  'the whole model': (model) => {
    model.trainable = false;
  },
};

const trainableNames = (model: tf.LayersModel): string[] =>
  model.trainableWeights.map(({originalName}) => originalName);

/** What is frozen stays frozen, whatever way a model is saved and made again. */
export const frozenLayers: Law = {
  name: 'keeps what is frozen, at any depth, through save and tf.loadLayersModel and its configuration as JSON',
  async check(subject) {
    for (const [what, freeze] of Object.entries(ways))
      await withFreshModel(subject, async (model) => {
        const all = trainableNames(model);
        freeze(model);
        const wanted = trainableNames(model);
        const Model = model.constructor as tf.serialization.SerializableConstructor<VariantModel>;
        const config = JSON.parse(JSON.stringify(model.getConfig()));
        const again = {
          'saved by tfjs': await throughTfjs(model),
          'made from its configuration': Model.fromConfig(Model, config),
        };
        for (const [way, other] of Object.entries(again)) {
          const names = trainableNames(other);
          assert(names.join() === wanted.join(), `${what} frozen, ${way}: trained are ${names}, not ${wanted}`);
          other.trainable = true;
          for (const layer of layersOf(other)) {
            layer.trainable = true;
            layer.frozenBelow = [];
          }
          assert(trainableNames(other).join() === all.join(), `${what} thawed, ${way}: not all weights are trained`);
          other.dispose();
        }
      });
  },
};

/** Adam, and the tensors that tfjs forgets when it saves it. */
function adam(): {optimizer: tf.Optimizer; leftBehind: tf.Tensor[]} {
  const optimizer = tf.train.adam();
  const leftBehind: tf.Tensor[] = [];
  const saveIterations = optimizer.saveIterations.bind(optimizer);
  optimizer.saveIterations = async () => {
    const iterations = await saveIterations();
    leftBehind.push(iterations.tensor);
    return iterations;
  };
  return {optimizer, leftBehind};
}

/** A model goes on training where it was saved, with the optimizer: what is frozen stays as it is, all else moves. */
export const frozenTraining: Law = {
  name: 'goes on with fit where it was saved, frozen layers and the optimizer included',
  check: (subject) =>
    withFreshModel(subject, async (model) => {
      const trainable = new Set(trainableNames(model));
      ways['every second layer'](model);
      ways['a layer in a layer'](model);
      const layers = layersOf(model);
      if (model.trainableWeights.length === 0) layers[layers.length - 1].trainable = true;
      const {inputs, targets} = twoExamples(subject, model);
      const fit = (one: tf.LayersModel) => one.fit(inputs, targets, {epochs: 2, batchSize: 2, verbose: 0});
      const {optimizer, leftBehind} = adam();
      model.compile({optimizer});
      await fit(model);
      const loaded = (await throughTfjs(model, {includeOptimizer: true})) as VariantModel;
      const before = weightsOf(model);
      const [own, losses] = [await fit(model), await fit(loaded)].map(({history}) => history.loss as number[]);
      // tfjs rounds what it saves of Adam's betas.
      assertClose(losses, own, 1e-4, 'losses of going on');
      const trained = new Set(trainableNames(model));
      const after = weightsOf(model);
      for (const [name, values] of weightsOf(loaded)) {
        const frozen = trainable.has(name) && !trained.has(name);
        if (frozen) assertSame(values, before.get(name) as Float32Array, `${name}, which is frozen`);
        // What no gradient moves, such as a counter, a layer may change by itself: alike in both.
        if (!trainable.has(name))
          assertClose(values, after.get(name) as Float32Array, 1e-2, `${name}, which no gradient moves`);
      }
      tf.dispose([inputs, targets]);
      // tfjs frees no optimizer that it was given.
      for (const one of [optimizer, loaded.optimizer]) one.dispose();
      tf.dispose(leftBehind);
      loaded.dispose();
    }),
};
