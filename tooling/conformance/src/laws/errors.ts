import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  DataError,
  type ImageClassifier,
  ignoredTarget,
  type LanguageModel,
  type ModelKind,
  type SequenceToSequence,
  ShapeError,
  type SpeechRecognizer,
  type VariantsError,
} from '@variants/core';
import {assert, assertRefuses} from '../assert';
import {exampleOf} from '../examples';
import {withFreshModel} from '../models';
import {kindOf, type Law} from '../subject';

/** What are no tokens below `vocabSize`. */
const badTokensOf = (vocabSize: number): {[what: string]: Parameters<LanguageModel['logits']>[0]} => ({
  'an empty list': [],
  'an empty row': [[]],
  'a tensor without a batch': tf.tensor1d([0, 1], 'int32'),
  'a tensor of rank 3': tf.zeros([1, 2, 2], 'int32'),
  'rows of different lengths': [[0, 1], [0]],
  'a token beyond the vocabulary': [[0, vocabSize]],
  'a negative token': [[-1]],
  'half a token': [[0.5]],
});

/** Tokens that are none get an error that says so. */
export const badTokens: Law = {
  name: 'refuses what are no tokens, in one line',
  kinds: ['language-model', 'masked-language-model', 'sequence-classifier'],
  check: (subject) =>
    // The others take what a language model takes.
    withFreshModel(subject, (model: LanguageModel) =>
      tf.tidy(() => {
        const streams = kindOf(subject) === 'language-model';
        for (const [what, tokens] of Object.entries(badTokensOf(model.config.vocabSize))) {
          assertRefuses(() => model.logits(tokens), DataError, /token/, what);
          if (streams) assertRefuses(() => model.stream(tokens), DataError, /token/, `${what}, streamed`);
        }
        if (streams) assertRefuses(() => model.loss([[0]]), DataError, /token/, 'the loss of one token alone');
        else assertRefuses(() => model.loss([[0]]), DataError, /targets/, 'the loss without targets');
      }),
    ),
};

/** Pairs of sequences that are none get an error that names the side. */
export const badPairs: Law = {
  name: 'refuses what are no tokens of a source or of a target, in one line',
  kinds: ['sequence-to-sequence'],
  check: (subject) =>
    withFreshModel(subject, (model: SequenceToSequence) =>
      tf.tidy(() => {
        const {sourceVocabSize, targetVocabSize} = model.config;
        const good = [[0]];
        for (const [what, tokens] of Object.entries(badTokensOf(sourceVocabSize))) {
          assertRefuses(() => model.logits({source: tokens, target: good}), DataError, /source/, `${what} as a source`);
          assertRefuses(() => model.begin(tokens), DataError, /source/, `${what} as the source of a stream`);
        }
        for (const [what, tokens] of Object.entries(badTokensOf(targetVocabSize)))
          assertRefuses(() => model.logits({source: good, target: tokens}), DataError, /target/, `${what} as a target`);
        assertRefuses(() => model.logits({source: good} as never), DataError, /target/, 'a source alone');
      }),
    ),
};

/** Images that are none get an error that says what they must be. */
export const badImages: Law = {
  name: 'refuses what are no images of its channels, in one line',
  kinds: ['image-classifier'],
  check: (subject) =>
    withFreshModel(subject, (model: ImageClassifier) =>
      tf.tidy(() => {
        const {imageChannels} = model.config;
        const bad = {
          'an image without a batch': tf.zeros([8, 8, imageChannels]),
          'a batch without channels': tf.zeros([2, 8, 8]),
          'images of other channels': tf.zeros([1, 8, 8, imageChannels + 1]),
        };
        for (const [what, images] of Object.entries(bad))
          assertRefuses(() => model.logits(images), ShapeError, /must have the shape/, what);
      }),
    ),
};

/** Utterances that are none, and targets that cannot be recognized, get an error that says what they must be. */
export const badUtterances: Law = {
  name: 'refuses what are no features, lengths or targets, in one line',
  kinds: ['speech-recognizer'],
  check: (subject) =>
    withFreshModel(subject, (model: SpeechRecognizer) =>
      tf.tidy(() => {
        const {inputs, targets} = exampleOf(subject, model, {batch: 2, time: 3, seed: 1});
        const [features] = inputs as tf.Tensor[];
        const [batch, frames, ...rest] = features.shape;
        const refuses = (given: unknown, kind: typeof VariantsError, message: RegExp, what: string) =>
          assertRefuses(() => model.logits(given as tf.Tensor), kind, message, what);
        const bad = {
          'features without a batch': tf.zeros([frames, ...rest]),
          'features with an axis more': tf.zeros([batch, frames, ...rest, 1]),
          'features of no utterance': tf.zeros([0, frames, ...rest]),
          'features of no frame': tf.zeros([batch, 0, ...rest]),
        };
        for (const [what, tensor] of Object.entries(bad)) refuses(tensor, ShapeError, /must (have|be)/, what);
        refuses({features, lengths: [frames]}, ShapeError, /lengths/, 'one length for two rows');
        refuses({features, lengths: [frames, frames + 1]}, DataError, /lengths/, 'a length beyond the frames');
        refuses({features, lengths: [frames, 0.5]}, DataError, /lengths/, 'half a frame');
        refuses({features, length: [frames, frames]}, ConfigError, /did you mean lengths/, 'a name that is none');
        const {vocabSize, blank} = model.config;
        const loss = (wanted: number[][]) => () => model.loss(features, wanted);
        assertRefuses(loss([[vocabSize as number], [0]]), DataError, /targets/, 'a target beyond the vocabulary');
        assertRefuses(loss([[blank], [blank]]), DataError, /blank/, 'a blank to be recognized');
        const other = blank === 0 ? 1 : 0;
        const holed = [
          [other, ignoredTarget, other],
          [other, other, other],
        ];
        assertRefuses(loss(holed), DataError, /-100/, 'a gap between targets');
        assertRefuses(() => model.loss(features), DataError, /targets/, 'the loss without targets');
        tf.dispose([inputs, targets]);
      }),
    ),
};

/** What no field of any type may hold. */
const wrongValues = [{wrong: true}, Number.NaN, 'no such value'];

/** The fields that count what there is of inputs and outputs. */
const countFields: {[kind in ModelKind]: readonly string[]} = {
  'language-model': ['vocabSize'],
  'masked-language-model': ['vocabSize'],
  'sequence-classifier': ['vocabSize', 'numLabels'],
  'image-classifier': ['numClasses', 'imageChannels'],
  'sequence-to-sequence': ['sourceVocabSize', 'targetVocabSize'],
  'speech-recognizer': ['vocabSize'],
};

/** A configuration with a fault gets an error that names the field, and nothing is left of the attempt. */
export const badConfigs: Law = {
  name: 'refuses a configuration with an unknown field or a wrong value, naming the field in one line',
  async check(subject) {
    const fields = await withFreshModel(subject, (model) => Object.keys(model.config));
    const before = tf.memory().numTensors;
    const refuses = (overrides: {[field: string]: unknown}, message: RegExp) =>
      assertRefuses(() => subject.create(overrides), ConfigError, message, describe(overrides));

    refuses({noSuchField: 1}, /\bnoSuchField\b/);
    for (const field of countFields[kindOf(subject)])
      for (const count of [0, -1, 1.5]) refuses({[field]: count}, new RegExp(`\\b${field}\\b`));
    if (kindOf(subject) === 'language-model') refuses({vocabSize: undefined}, /\bvocabSize\b/);
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
