import * as tf from '@tensorflow/tfjs';
import type {LanguageModel, ModelKind, VariantModel} from '@variants/core';
import fc from 'fast-check';
import {assert, assertSame} from '../assert';
import {asGiven, exampleOf, outputsOf, sizesOf} from '../examples';
import {logitsOf, longestTime, randomTokens, withModel} from '../models';
import type {Law} from '../subject';

/** The shape of the outputs of each kind of model; the front end of a speech recognizer alone knows its number of frames. */
const shapes: {[kind in ModelKind]?: (sizes: ReturnType<typeof sizesOf>, batch: number, time: number) => number[]} = {
  'language-model': ({vocabSize}, batch, time) => [batch, time, vocabSize],
  'masked-language-model': ({vocabSize}, batch, time) => [batch, time, vocabSize],
  'sequence-classifier': ({numLabels}, batch) => [batch, numLabels],
  'image-classifier': ({numClasses}, batch) => [batch, numClasses],
  'sequence-to-sequence': ({targetVocabSize}, batch, time) => [batch, time, targetVocabSize],
};

/** One row or many, one token or many: finite logits of the kind's shape. */
export const logitsShape: Law = {
  name: "gives finite logits of its kind's shape for any batch and time, 1 included",
  check: (subject) =>
    withModel(subject, (model) => {
      const checkShape = (batch: number, time: number, seed: number) =>
        tf.tidy(() => {
          const {inputs} = exampleOf(subject, model, {batch, time, seed});
          const logits: tf.Tensor = model.logits(asGiven(model, inputs));
          const wanted = shapes[model.kind]?.(sizesOf(model), batch, time) ?? [batch, ...logits.shape.slice(1)];
          assert(
            logits.shape.join() === wanted.join(),
            `logits have the shape [${logits.shape}] instead of [${wanted}]`,
          );
          assert(logits.dtype === 'float32', `logits are ${logits.dtype}`);
          assert(logits.dataSync().every(Number.isFinite), `logits of [${batch}, ${time}] tokens are not finite`);
        });
      checkShape(1, 1, 0);
      const times = fc.integer({min: 1, max: longestTime(subject, model)});
      fc.assert(fc.property(fc.integer({min: 1, max: 3}), times, fc.nat(), checkShape), {numRuns: 8});
    }),
};

/** A list of ids, a list per row, an Int32Array and a tensor are the same tokens. */
export const tokenInputs: Law = {
  name: 'takes tokens as a list, a list of rows, an Int32Array or a tensor',
  kinds: ['language-model', 'masked-language-model', 'sequence-classifier'],
  check: (subject) =>
    // The others take what a language model takes.
    withModel(subject, (model: LanguageModel) => {
      const rows = randomTokens(model, 1, Math.min(4, longestTime(subject, model)), 1);
      const expected = logitsOf(model, rows);
      tf.tidy(() => {
        for (const tokens of [rows[0], Int32Array.from(rows[0]), tf.tensor2d(rows, undefined, 'int32')])
          assertSame(model.logits(tokens).dataSync(), expected, `logits of ${tokens.constructor.name}`);
      });
    }),
};

/** As a tf.LayersModel the model computes what `logits` computes. */
export const graph: Law = {
  name: 'computes the same by predict, by apply and as a layer of another tf.model',
  check: (subject) =>
    withModel(subject, (model) => {
      const example = exampleOf(subject, model, {batch: 2, time: longestTime(subject, model), seed: 2});
      const {inputs} = example;
      const expected = outputsOf(model, inputs);
      const inner = subject.create();
      inner.setWeights(model.getWeights());
      const outer = outerModel(inner);
      tf.tidy(() => {
        const ways = {
          predict: model.predict(inputs),
          apply: model.apply(inputs),
          'another model': outer.predict(inputs),
        };
        for (const [way, logits] of Object.entries(ways))
          assertSame((logits as tf.Tensor).dataSync(), expected, `logits by ${way}`);
      });
      // With its layer, the inner model.
      outer.dispose();
      tf.dispose([inputs, example.targets]);
    }),
};

/** A model of which another is a layer. */
function outerModel(inner: VariantModel): tf.LayersModel {
  const inputs = inner.inputs.map(({shape, dtype}) => tf.input({shape: shape.slice(1), dtype}));
  const given = inputs.length === 1 ? inputs[0] : inputs;
  return tf.model({inputs, outputs: inner.apply(given) as tf.SymbolicTensor});
}
