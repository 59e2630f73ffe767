import * as tf from '@tensorflow/tfjs';
import {ConfigError, inference, type LanguageModel, type VariantModel} from '@variants/core';
import {assert} from '../assert';
import {exampleOf, outputsOf} from '../examples';
import {withFreshModel} from '../models';
import type {Law, Subject} from '../subject';

/** What there can be one of. */
const counts = ['numLayers', 'numEncoderLayers', 'numDecoderLayers', 'numHeads', 'numLabels', 'numClasses'];

/** The fields of these that a model has more than one of, as one each; of those that may not go together, as many as do. */
async function smallestOf(subject: Subject): Promise<{[field: string]: number}> {
  const config = await withFreshModel(subject, ({config}) => ({...config}) as unknown as {[field: string]: unknown});
  const overrides: {[field: string]: number} = {};
  for (const field of counts) {
    if (typeof config[field] !== 'number' || config[field] < 1) continue;
    const tried = {...overrides, [field]: 1};
    try {
      subject.create(tried).dispose();
      overrides[field] = 1;
    } catch (error) {
      // Such as attention in a second layer.
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return overrides;
}

/** One token of one row, through one layer with one head, to one class: whatever there can be one of. */
export const smallest: Law = {
  name: 'works with one of everything: token, row, layer, head, class',
  async check(subject) {
    await withFreshModel(
      subject,
      async (model: VariantModel) => {
        const {inputs, targets} = exampleOf(subject, model, {batch: 1, time: 1, seed: 0});
        assert(outputsOf(model, inputs).every(Number.isFinite), 'logits are not finite');
        tf.tidy(() => {
          const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
          // A language model has nothing to predict behind its only token.
          const wanted = model.kind === 'language-model' ? tf.zerosLike(targets) : targets;
          const {value, grads} = tf.variableGrads(
            () => model.criterion(model.forward(inputs, inference), wanted),
            variables,
          );
          assert(Number.isFinite(value.dataSync()[0]), `the loss is ${value.dataSync()[0]}`);
          for (const [name, gradient] of Object.entries(grads))
            assert(gradient.dataSync().every(Number.isFinite), `the gradient of ${name} is not finite`);
          if (model.kind !== 'language-model') return;
          const {logits, state} = (model as LanguageModel).stream([0]);
          state.dispose();
          assert(logits.dataSync().every(Number.isFinite), 'logits of a stream are not finite');
        });
        tf.dispose([inputs, targets]);
      },
      await smallestOf(subject),
    );
  },
};
