import * as tf from '@tensorflow/tfjs';
import type {SequenceToSequence} from '@variants/core';
import fc from 'fast-check';
import {assert, assertClose} from '../assert';
import {exampleOf, outputsOf, sizesOf} from '../examples';
import {longestTime, streamTolerance, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** Ids of a source and of a target, as lists. */
function pairOf(subject: Subject, model: SequenceToSequence, batch: number, time: number, seed: number) {
  return tf.tidy(() => {
    const {inputs} = exampleOf(subject, model, {batch, time, seed});
    const [source, target] = inputs as tf.Tensor2D[];
    return {source: source.arraySync(), target: target.arraySync()};
  });
}

const logitsOf = (model: SequenceToSequence, source: number[][], target: number[][]) =>
  tf.tidy(() => outputsOf(model, [tf.tensor2d(source, undefined, 'int32'), tf.tensor2d(target, undefined, 'int32')]));

/** Another token than a given one, and no padding. */
function otherToken(token: number, vocabSize: number, padToken: number): number {
  return [1, 2].map((shift) => (token + shift) % vocabSize).find((id) => id !== padToken) as number;
}

/** A token of the target changes no output before it; one of the source changes them all. */
export const targetCausality: Law = {
  name: 'looks at the whole source, and at no later token of the target',
  kinds: ['sequence-to-sequence'],
  check: (subject) =>
    withModel(subject, (model: SequenceToSequence) => {
      const {sourceVocabSize, targetVocabSize, padToken} = model.config;
      const time = longestTime(subject, model);
      const checkPlace = (place: number, seed: number) => {
        const {source, target} = pairOf(subject, model, 1, time, seed);
        const before = logitsOf(model, source, target);
        const changed = target[0].with(place, otherToken(target[0][place], targetVocabSize, padToken ?? -1));
        assertClose(
          logitsOf(model, source, [changed]).subarray(0, place * targetVocabSize),
          before.subarray(0, place * targetVocabSize),
          1e-5,
          `outputs before token ${place} of the target, which was changed`,
        );
        const other = source[0].with(place, otherToken(source[0][place], sourceVocabSize, padToken ?? -1));
        const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const after = logitsOf(model, [other], target);
        for (let t = 0; t < time; t++)
          assert(
            Array.from({length: targetVocabSize}, (_, i) => t * targetVocabSize + i).some(
              (i) => Math.abs(after[i] - before[i]) > 1e-6 * largest,
            ),
            `output ${t} does not depend on token ${place} of the source`,
          );
      };
      fc.assert(fc.property(fc.integer({min: 0, max: time - 1}), fc.nat(), checkPlace), {numRuns: 8});
    }),
};

/** Feeding a target in pieces gives what feeding it whole gives. */
export const targetStreams: Law = {
  name: 'gives the same outputs for a target fed in any pieces, and what comes next',
  kinds: ['sequence-to-sequence'],
  check: (subject) =>
    withModel(subject, (model: SequenceToSequence) => {
      const time = longestTime(subject, model);
      const vocabSize = model.config.targetVocabSize;
      const checkCuts = (cuts: number[], batch: number, seed: number) => {
        const {source, target} = pairOf(subject, model, batch, time, seed);
        const ends = [...[...new Set(cuts)].sort((a, b) => a - b), time];
        let state = model.begin(source);
        const {whole, pieces, next} = tf.tidy(() => {
          const logits = ends.map((end, i) => {
            const step = model.stream(
              target.map((row) => row.slice(ends[i - 1] ?? 0, end)),
              state,
            );
            state = step.state;
            return step.logits;
          });
          const joined = tf.concat(logits, 1);
          const last = joined.slice([0, time - 1], [-1, 1]).dataSync();
          return {whole: joined.dataSync(), pieces: last, next: model.nextLogits(state).dataSync()};
        });
        state.dispose();
        const expected = logitsOf(model, source, target);
        assertClose(whole, expected, streamTolerance(subject), `a target cut at ${cuts}`);
        assertClose(next, pieces, streamTolerance(subject), 'nextLogits');
        assert(whole.length === batch * time * vocabSize, `${whole.length} logits`);
      };
      checkCuts(
        Array.from({length: time - 1}, (_, i) => i + 1),
        2,
        0,
      );
      const anyCuts = fc.array(fc.integer({min: 1, max: Math.max(1, time - 1)}), {maxLength: 3});
      fc.assert(fc.property(anyCuts, fc.integer({min: 1, max: 2}), fc.nat(), checkCuts), {numRuns: 8});
    }),
};

/** Without chance, generation takes the most probable token, time and again. */
export const targetGeneration: Law = {
  name: 'generates, at temperature 0, the most probable target of a source',
  kinds: ['sequence-to-sequence'],
  check: (subject) =>
    withModel(subject, async (model: SequenceToSequence) => {
      const time = longestTime(subject, model);
      const {source, target} = pairOf(subject, model, 1, time, 5);
      const [begin] = target[0];
      const maxTokens = Math.min(6, time);
      const tokens: number[] = [];
      for await (const token of model.generate(source[0], {begin, maxTokens, temperature: 0})) tokens.push(token);
      assert(tokens.length === maxTokens, `${tokens.length} tokens instead of ${maxTokens}`);
      const {targetVocabSize} = sizesOf(model);
      for (const [i, token] of tokens.entries()) {
        const logits = logitsOf(model, source, [[begin, ...tokens.slice(0, i)]]).slice(-targetVocabSize);
        const best = Math.max(...logits);
        assert(
          logits[token] >= best - streamTolerance(subject) * Math.abs(best),
          `token ${i} is ${token}, with the logit ${logits[token]}, not ${best}`,
        );
      }
    }),
};
