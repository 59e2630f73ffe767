import type {Random} from '@variants/core';
import {type Fields, fraction, type Must, whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask, type TaskExample} from './task';

/** Configuration of {@link inContextRecall} and {@link noisyRecall}. */
export type InContextRecallConfig = {
  /** V, number of token ids: keys, values and, last, the noise. */
  vocabSize: number;
  /** T, even: T / 2 pairs; the example has T - 1 positions. */
  sequenceLength: number;
  /** Ids from the top that appear as noise only. */
  noiseVocabSize: number;
  /** Share of the pairs that are noise. */
  noiseFraction: number;
};

function fields(vocabSize: number, noiseVocabSize: number, noiseFraction: number): Fields<InContextRecallConfig> {
  return {
    vocabSize: whole(vocabSize, 2),
    sequenceLength: whole(128, 4),
    noiseVocabSize: whole(noiseVocabSize, 0),
    noiseFraction: fraction(noiseFraction),
  };
}

function check(config: InContextRecallConfig, must: Must<InContextRecallConfig>): void {
  const {vocabSize, sequenceLength, noiseVocabSize, noiseFraction} = config;
  must('sequenceLength', sequenceLength % 2 === 0, 'an even number');
  must('noiseVocabSize', vocabSize - noiseVocabSize >= 2, `at most ${vocabSize - 2}, to leave a key and a value`);
  must('noiseVocabSize', noiseFraction === 0 || noiseVocabSize > 0, 'from 1, with a noiseFraction above 0');
}

function chance({vocabSize, noiseVocabSize}: InContextRecallConfig): number {
  return 1 / Math.ceil((vocabSize - noiseVocabSize) / 2);
}

function generate(random: Random, config: InContextRecallConfig): TaskExample {
  const {vocabSize, sequenceLength, noiseVocabSize, noiseFraction} = config;
  const numRegular = vocabSize - noiseVocabSize;
  const numKeys = Math.floor(numRegular / 2);
  const numPairs = sequenceLength / 2;
  const values = new Map<number, number>();
  const sequence: number[] = [];
  const scored = new Set<number>();

  // One pair is never noise, so that there is a key to ask for.
  const anchor = random.below(numPairs - 1);
  for (let pair = 0; pair < numPairs - 1; pair++) {
    if (noiseFraction > 0 && pair !== anchor && random.chance(noiseFraction)) {
      sequence.push(numRegular + random.below(noiseVocabSize), numRegular + random.below(noiseVocabSize));
      continue;
    }
    const key = random.below(numKeys);
    const known = values.get(key);
    const value = known ?? numKeys + random.below(numRegular - numKeys);
    values.set(key, value);
    sequence.push(key, value);
    if (known !== undefined) scored.add(sequence.length - 1);
  }
  const seen = [...values.keys()];
  const asked = seen[random.below(seen.length)];
  sequence.push(asked, values.get(asked) as number);
  scored.add(sequence.length - 1);
  return nextTokenTraining(sequence, (place) => scored.has(place));
}

const shared = {
  kind: 'language-model',
  check,
  chance,
  generate,
  vocabSize: ({vocabSize}: InContextRecallConfig) => vocabSize,
} as const;

const source = 'MAD, arXiv 2403.17844; the last question can always be answered';

/** In-context recall: pairs of a key and its value; every key that was seen before is a question. */
export const inContextRecall = defineTask<InContextRecallConfig>({
  ...shared,
  name: 'in-context-recall',
  title: 'In-context recall',
  source,
  fields: fields(16, 0, 0),
  sizes: {
    quick: {config: {sequenceLength: 64}, batchSize: 32, steps: 800},
    bench: [{config: {sequenceLength: 128}, batchSize: 128, steps: 2000, numExamples: 12800}],
  },
});

/** {@link inContextRecall} with pairs of noise tokens in between. */
export const noisyRecall = defineTask<InContextRecallConfig>({
  ...shared,
  name: 'noisy-recall',
  title: 'Noisy in-context recall',
  source,
  fields: fields(32, 16, 0.2),
  sizes: {
    quick: {config: {sequenceLength: 64}, batchSize: 32, steps: 800},
    bench: [{config: {sequenceLength: 128}, batchSize: 128, steps: 2000, numExamples: 12800}],
  },
});
