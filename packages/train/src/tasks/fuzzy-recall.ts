import type {Random} from '@variants/core';
import {flag, whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link fuzzyRecall}. */
export type FuzzyRecallConfig = {
  /** V, number of token ids: key tokens, value tokens, and V - 1 for padding on the left. */
  vocabSize: number;
  /** T, tokens of an example. */
  sequenceLength: number;
  /** Most tokens of a key. */
  maxKeyLength: number;
  /** Most tokens of a value. */
  maxValueLength: number;
  /** Whether keys vary in length; tests also take false: every key has maxKeyLength tokens. */
  training: boolean;
};

function drawKey(random: Random, {vocabSize, maxKeyLength, training}: FuzzyRecallConfig): number[] {
  const length = training ? 1 + random.below(maxKeyLength) : maxKeyLength;
  return random.sample(Math.floor((vocabSize - 1) / 2), length);
}

function drawValue(random: Random, {vocabSize, maxValueLength}: FuzzyRecallConfig): number[] {
  const firstValue = Math.floor((vocabSize - 1) / 2);
  const length = 1 + random.below(maxValueLength);
  return random.sample(vocabSize - 1 - firstValue, length).map((value) => firstValue + value);
}

/** Recall of runs: keys and values are several tokens long, and each repeated key is a question for all of its value. */
export const fuzzyRecall = defineTask<FuzzyRecallConfig>({
  name: 'fuzzy-recall',
  title: 'Fuzzy in-context recall',
  source: 'MAD, arXiv 2403.17844; the last question can always be answered',
  kind: 'language-model',
  fields: {
    vocabSize: whole(16, 3),
    sequenceLength: whole(128, 6),
    maxKeyLength: whole(3, 1),
    maxValueLength: whole(3, 1),
    training: flag(true),
  },
  sizes: {
    quick: {config: {sequenceLength: 64}, batchSize: 32, steps: 800},
    bench: [
      {config: {sequenceLength: 128}, batchSize: 128, steps: 2000, numExamples: 12800, tests: [{training: false}]},
    ],
  },
  check({vocabSize, sequenceLength, maxKeyLength, maxValueLength}, must) {
    const numKeys = Math.floor((vocabSize - 1) / 2);
    const pairLength = maxKeyLength + maxValueLength;
    must('maxKeyLength', maxKeyLength <= numKeys, `at most ${numKeys}, the number of key tokens`);
    must(
      'maxValueLength',
      maxValueLength <= vocabSize - 1 - numKeys,
      `at most ${vocabSize - 1 - numKeys}, the number of value tokens`,
    );
    must(
      'sequenceLength',
      sequenceLength >= 3 * pairLength,
      `from ${3 * pairLength}, three pairs of the greatest length`,
    );
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / Math.ceil((vocabSize - 1) / 2),
  generate(random, config) {
    const {sequenceLength, maxKeyLength, maxValueLength, vocabSize} = config;
    const probe = drawKey(random, config);
    const answer = drawValue(random, config);
    const pairLength = maxKeyLength + maxValueLength;
    const limit = sequenceLength - probe.length - answer.length - pairLength;
    const probePlace = random.below(limit - pairLength + 1);

    const values = new Map<string, number[]>();
    const tokens: number[] = [];
    const scored: boolean[] = [];
    const append = (key: readonly number[], value: readonly number[], isQuestion: boolean) => {
      tokens.push(...key, ...value);
      scored.push(...key.map(() => false), ...value.map(() => isQuestion));
      values.set(key.join(), [...value]);
    };
    while (tokens.length < limit) {
      if (tokens.length >= probePlace && !values.has(probe.join())) {
        append(probe, answer, false);
        continue;
      }
      const key = drawKey(random, config);
      const known = values.get(key.join());
      append(key, known ?? (key.join() === probe.join() ? answer : drawValue(random, config)), known !== undefined);
    }
    append(probe, answer, true);
    const padding = sequenceLength + 1 - tokens.length;
    const sequence = [...Array<number>(padding).fill(vocabSize - 1), ...tokens];
    return nextTokenTraining(sequence, (place) => place >= padding && scored[place - padding]);
  },
});
