import * as tf from '@tensorflow/tfjs';
import {checkpointFiles, type VariantModel} from '@variants/core';
import {assert, assertSame, assertSameWeights} from '../assert';
import {exampleOf, outputsOf} from '../examples';
import {longestTime, throughTfjs, weightsOf, withFreshModel, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** Throws unless a model that was saved and loaded is the one that it was; frees the loaded one. */
function assertSameModel(subject: Subject, loaded: tf.LayersModel, model: VariantModel, what: string): void {
  try {
    assert(
      loaded.constructor === model.constructor,
      `${what}: a ${model.constructor.name} came back as a ${loaded.constructor.name}`,
    );
    const restored = loaded as VariantModel;
    assertSameWeights(weightsOf(restored), weightsOf(model), what);
    const {inputs, targets} = exampleOf(subject, model, {batch: 2, time: longestTime(subject, model), seed: 6});
    assertSame(outputsOf(restored, inputs), outputsOf(model, inputs), `${what}: logits`);
    tf.dispose([inputs, targets]);
  } finally {
    loaded.dispose();
  }
}

/** tfjs's own way of saving keeps everything. */
export const tfjsRoundTrip: Law = {
  name: 'comes back from save and tf.loadLayersModel, equal to the bit',
  check: (subject) =>
    withModel(subject, async (model) => {
      assertSameModel(subject, await throughTfjs(model), model, 'saved by tfjs');
    }),
};

/** The authors' files keep everything. */
export const checkpointRoundTrip: Law = {
  name: 'comes back from its checkpoint files, equal to the bit',
  appliesTo: ({fromPretrained}) => fromPretrained !== undefined,
  check: (subject) =>
    withModel(subject, async (model) => {
      const load = subject.fromPretrained;
      assert(load !== undefined, 'there is no fromPretrained');
      const files = await checkpointFiles(model);
      const source = {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
      const loaded = await load(source);
      const again = await checkpointFiles(loaded);
      assertSameModel(subject, loaded, model, 'saved as a checkpoint');
      assert(again['config.json'] === files['config.json'], `config.json became ${again['config.json']}`);
      assertSame(again['model.safetensors'], files['model.safetensors'], 'the file saved a second time');
    }),
};

/** The configuration, as JSON, is all there is to know about a model with its first weights. */
export const configRoundTrip: Law = {
  name: 'is made again, equal to the bit, from its configuration as JSON',
  check: (subject) =>
    withFreshModel(
      subject,
      (model) => {
        const config = JSON.parse(JSON.stringify(model.getConfig()));
        const Model = model.constructor as tf.serialization.SerializableConstructor<VariantModel>;
        assertSameModel(subject, Model.fromConfig(Model, config), model, 'made from its configuration');
      },
      {seed: 7},
    ),
};
