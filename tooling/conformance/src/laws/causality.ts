import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '@variants/core';
import fc from 'fast-check';
import {assertClose} from '../assert';
import {exampleOf, outputsOf, rowsOf} from '../examples';
import {logitsOf, longestTime, randomTokens, withModel} from '../models';
import type {Law} from '../subject';

/** Changing a token never changes an output before it. */
export const causality: Law = {
  name: 'never lets a later token change an earlier output',
  kinds: ['language-model'],
  appliesTo: ({choosesByContent = false}) => !choosesByContent,
  check: (subject) =>
    withModel(subject, (model: LanguageModel) => {
      const {vocabSize} = model.config;
      const time = longestTime(subject, model);
      const anyPlace = fc.integer({min: 1, max: Math.max(1, time - 1)});
      fc.assert(
        fc.property(anyPlace, fc.integer({min: 1, max: vocabSize - 1}), fc.nat(), (place, shift, seed) => {
          const [row] = randomTokens(model, 1, time, seed);
          const changed = row.map((token, t) => (t < place ? token : (token + shift) % vocabSize));
          const [before, after] = [row, changed].map((tokens) =>
            logitsOf(model, [tokens]).subarray(0, place * vocabSize),
          );
          assertClose(after, before, 1e-5, `outputs before token ${place}, which was changed`);
        }),
        {numRuns: 12},
      );
    }),
};

/** The rows of a batch have nothing to do with each other. */
export const batchIndependence: Law = {
  name: 'computes each row of a batch as if it were alone',
  check: (subject) =>
    withModel(subject, (model) => {
      const checkRows = (batch: number, time: number, seed: number) =>
        tf.tidy(() => {
          const {inputs} = exampleOf(subject, model, {batch, time, seed});
          const alone = Array.from({length: batch}, (_, row) => outputsOf(model, rowsOf(inputs, row, row + 1)));
          const each = alone.flatMap((values) => [...values]);
          assertClose(outputsOf(model, inputs), each, 1e-5, `a batch of ${batch}`);
        });
      const times = fc.integer({min: 1, max: longestTime(subject, model)});
      fc.assert(fc.property(fc.integer({min: 2, max: 3}), times, fc.nat(), checkRows), {numRuns: 6});
    }),
};
