import * as tf from '@tensorflow/tfjs';
import {inference, type ModelKind, type VariantModel} from '@variants/core';
import fc from 'fast-check';
import {assert, assertClose} from '../assert';
import {exampleOf, outputsOf, sizesOf} from '../examples';
import {longestTime, streamTolerance, withFreshModel, withModel} from '../models';
import type {Law, Subject} from '../subject';

const readers: readonly ModelKind[] = ['masked-language-model', 'sequence-classifier', 'sequence-to-sequence'];

/** Padding behind shorter rows changes nothing, neither in an output nor in those of the tokens before it. */
export const padding: Law = {
  name: 'gives the same for a row that is filled up with padding, if it knows any',
  kinds: readers,
  appliesTo: ({mixesPadding = false}) => !mixesPadding,
  check: (subject) =>
    withModel(subject, (model) => {
      const {padToken = null} = sizesOf(model);
      if (padToken === null) return;
      const longest = longestTime(subject, model);
      const checkPadding = (time: number, more: number, seed: number) =>
        tf.tidy(() => {
          const {inputs} = exampleOf(subject, model, {batch: 2, time, seed});
          const fill = (tokens: tf.Tensor) =>
            tf.pad(
              tokens,
              [
                [0, 0],
                [0, Math.min(more, longest - time)],
              ],
              padToken,
            );
          const filled = Array.isArray(inputs) ? inputs.map(fill) : fill(inputs);
          assertClose(
            outputsOfTime(model, filled, time),
            outputsOfTime(model, inputs, time),
            streamTolerance(subject),
            `${time} tokens and ${more} of padding`,
          );
        });
      const times = fc.integer({min: 1, max: Math.max(1, longest - 1)});
      fc.assert(fc.property(times, fc.integer({min: 1, max: 4}), fc.nat(), checkPadding), {numRuns: 8});
    }),
};

/** Outputs of the first positions, or of the whole where a row has but one. */
function outputsOfTime(model: VariantModel, inputs: tf.Tensor | tf.Tensor[], time: number): Float32Array {
  return tf.tidy(() => {
    const outputs = model.forward(inputs, inference);
    return (outputs.rank === 3 ? outputs.slice([0, 0], [-1, time]) : outputs).dataSync<'float32'>();
  });
}

/** What a masked token is depends on all others. */
export const allTokensSeen: Law = {
  name: 'lets every token change the output of every other',
  kinds: ['masked-language-model'],
  check: (subject) =>
    withModel(subject, (model) =>
      tf.tidy(() => {
        const time = Math.min(8, longestTime(subject, model));
        const {vocabSize, padToken} = sizesOf(model);
        const row = () => exampleOf(subject, model, {batch: 1, time, seed: 4}).inputs as tf.Tensor2D;
        const [tokens] = row().arraySync();
        const before = outputsOf(model, row());
        const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        for (const [place, token] of tokens.entries()) {
          const other = [1, 2].map((shift) => (token + shift) % vocabSize).find((id) => id !== padToken) as number;
          const after = outputsOf(model, tf.tensor2d([tokens.with(place, other)], undefined, 'int32'));
          const change = before.map((value, i) => Math.abs(value - after[i]));
          for (let t = 0; t < time; t++)
            assert(
              change.subarray(t * vocabSize, (t + 1) * vocabSize).some((size) => size > 1e-6 * largest),
              `output ${t} does not depend on token ${place}`,
            );
        }
      }),
    ),
};

const classesField = ({kind}: Pick<Subject, 'kind'>) => (kind === 'image-classifier' ? 'numClasses' : 'numLabels');

/** Where there is one class alone, nothing is to be learned, and nothing goes wrong. */
export const oneClass: Law = {
  name: 'classifies where there is one class alone, at no loss',
  kinds: ['sequence-classifier', 'image-classifier'],
  check: (subject) =>
    withFreshModel(
      subject,
      (model) =>
        tf.tidy(() => {
          const {inputs, targets} = exampleOf(subject, model, {batch: 2, time: 1, seed: 0});
          const outputs = model.forward(inputs, inference);
          assert(outputs.shape.join() === '2,1', `logits have the shape [${outputs.shape}] instead of [2,1]`);
          const [loss] = model.criterion(outputs, targets).dataSync();
          assert(Math.abs(loss) < 1e-6, `the loss is ${loss} instead of 0`);
        }),
      {[classesField(subject)]: 1},
    ),
};
