import * as tf from '@tensorflow/tfjs';
import {ConfigError, DataError} from '@variants/core';
import {assert, assertRefuses} from '../assert';
import {withFreshModel} from '../models';
import type {Law} from '../subject';

/** Tokens that are none get an error that says so. */
export const badTokens: Law = {
  name: 'refuses what are no tokens, in one line',
  check: (subject) =>
    withFreshModel(subject, (model) =>
      tf.tidy(() => {
        const {vocabSize} = model.config;
        const bad: {[what: string]: Parameters<typeof model.logits>[0]} = {
          'an empty list': [],
          'an empty row': [[]],
          'a tensor without a batch': tf.tensor1d([0, 1], 'int32'),
          'a tensor of rank 3': tf.zeros([1, 2, 2], 'int32'),
          'rows of different lengths': [[0, 1], [0]],
          'a token beyond the vocabulary': [[0, vocabSize]],
          'a negative token': [[-1]],
          'half a token': [[0.5]],
        };
        for (const [what, tokens] of Object.entries(bad)) {
          assertRefuses(() => model.logits(tokens), DataError, /token/, what);
          assertRefuses(() => model.stream(tokens), DataError, /token/, `${what}, streamed`);
        }
        assertRefuses(() => model.loss([[0]]), DataError, /token/, 'the loss of one token alone');
      }),
    ),
};

/** What no field of any type may hold. */
const wrongValues = [{wrong: true}, Number.NaN, 'no such value'];

/** A configuration with a fault gets an error that names the field, and nothing is left of the attempt. */
export const badConfigs: Law = {
  name: 'refuses a configuration with an unknown field or a wrong value, naming the field in one line',
  async check(subject) {
    const fields = await withFreshModel(subject, (model) => Object.keys(model.config));
    const before = tf.memory().numTensors;
    const refuses = (overrides: {[field: string]: unknown}, message: RegExp) =>
      assertRefuses(() => subject.create(overrides), ConfigError, message, describe(overrides));

    refuses({noSuchField: 1}, /\bnoSuchField\b/);
    for (const vocabSize of [undefined, 0, -1, 1.5]) refuses({vocabSize}, /\bvocabSize\b/);
    for (const seed of [-1, 0.5]) refuses({seed}, /\bseed\b/);
    for (const field of fields)
      for (const value of wrongValues) refuses({[field]: value}, new RegExp(`\\b${field}\\b`));
    for (const [overrides, message] of subject.invalid ?? []) refuses(overrides, message);
    const leaked = tf.memory().numTensors - before;
    assert(leaked === 0, `refused configurations leak ${leaked} tensors`);
  },
};

function describe(overrides: {[field: string]: unknown}): string {
  return `a configuration with ${Object.entries(overrides)
    .map(([field, value]) => `${field} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')}`;
}
