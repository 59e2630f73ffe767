import * as tf from '@tensorflow/tfjs';
import {type Example, inference, Random, type SpeechRecognizer} from '@variants/core';
import fc from 'fast-check';
import {assertClose} from '../assert';
import {exampleOf} from '../examples';
import {longestTime, streamTolerance, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** An example, and the same with noise behind its features, of which the lengths say that it is none of them. */
function filledUp(
  subject: Subject,
  model: SpeechRecognizer,
  time: number,
  more: number,
  seed: number,
): {plain: Example; filled: Example} {
  const plain = exampleOf(subject, model, {batch: 2, time, seed});
  const [features, lengths] = plain.inputs as tf.Tensor[];
  const random = new Random(seed, 'padding');
  const [batch, , ...rest] = features.shape;
  const shape = [batch, more, ...rest];
  const noise = Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal());
  const longer = tf.concat([features, tf.tensor(noise, shape)], 1);
  return {plain, filled: {inputs: [longer, lengths], targets: plain.targets}};
}

/** Checks something of examples and of what they are when filled up. */
function forAny(
  subject: Subject,
  check: (model: SpeechRecognizer, examples: {plain: Example; filled: Example}, what: string) => void,
): void | Promise<void> {
  return withModel(subject, (model: SpeechRecognizer) => {
    const times = fc.integer({min: 1, max: longestTime(subject, model)});
    const property = fc.property(times, fc.integer({min: 1, max: 9}), fc.nat(), (time, more, seed) =>
      tf.tidy(() => {
        check(model, filledUp(subject, model, time, more, seed), `${time} frames and ${more} of padding`);
      }),
    );
    fc.assert(property, {numRuns: 8});
  });
}

/** Padding behind shorter utterances changes nothing in the logits of their frames. */
export const paddedUtterances: Law = {
  name: 'gives the same for an utterance that is filled up with padding',
  kinds: ['speech-recognizer'],
  appliesTo: ({mixesPadding = false}) => !mixesPadding,
  check: (subject) =>
    forAny(subject, (model, {plain, filled}, what) => {
      const expected = model.forward(plain.inputs, inference);
      const frames = expected.shape[1] as number;
      const actual = model.forward(filled.inputs, inference).slice([0, 0], [-1, frames]);
      assertClose(actual.dataSync(), expected.dataSync(), streamTolerance(subject), what);
    }),
};

/** What frames that are padding say counts for nothing. */
export const paddingLoss: Law = {
  name: 'gives the same loss for the same logits, however many frames of padding are behind them',
  kinds: ['speech-recognizer'],
  check: (subject) =>
    forAny(subject, (model, {filled}, what) => {
      const [features, lengths] = filled.inputs as tf.Tensor[];
      const outputs = model.forward([features, lengths], inference);
      const [frames] = model.outputLengths(lengths).dataSync();
      const lossOf = (logits: tf.Tensor) => model.criterion(logits, filled.targets).dataSync();
      const cut = lossOf(outputs.slice([0, 0], [-1, frames]));
      assertClose(lossOf(outputs), cut, streamTolerance(subject), `the loss of ${what}`);
    }),
};
