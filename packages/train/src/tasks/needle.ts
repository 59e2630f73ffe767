import {depth, whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link needle}. */
export type NeedleConfig = {
  /** V, number of token ids: digits 0 to 9, filler, the mark V - 2 and the question V - 1. */
  vocabSize: number;
  /** T, tokens of an example. */
  sequenceLength: number;
  /** Digits of the key. */
  keyLength: number;
  /** Digits of the value. */
  valueLength: number;
  /** Where the needle is: 0 at the start, 1 right before the question, null anywhere. */
  depth: number | null;
};

const digits = 10;

function hayLength({sequenceLength, keyLength, valueLength}: NeedleConfig): number {
  return sequenceLength - (1 + keyLength + valueLength) - (1 + keyLength) - (valueLength - 1);
}

/** Needle in a haystack: a mark, a key and its value somewhere in filler; at the end the key, and its value is asked for. */
export const needle = defineTask<NeedleConfig>({
  name: 'needle',
  title: 'Needle in a haystack',
  source: 'retrieval at a depth on tokens, after passkey retrieval, arXiv 2305.16300, and RULER',
  kind: 'language-model',
  fields: {
    vocabSize: whole(64, digits + 3),
    sequenceLength: whole(256, 5),
    keyLength: whole(2, 1),
    valueLength: whole(4, 1),
    depth: depth(),
  },
  sizes: {
    quick: {config: {sequenceLength: 96}, batchSize: 32, steps: 1500},
    bench: [
      {
        config: {sequenceLength: 256},
        batchSize: 32,
        steps: 4000,
        tests: [{sequenceLength: 512}, {sequenceLength: 1024}],
      },
    ],
  },
  check(config, must) {
    const needed = config.sequenceLength - hayLength(config);
    must('sequenceLength', config.sequenceLength >= needed, `from ${needed}, the length of needle and question`);
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: () => 1 / digits,
  generate(random, config) {
    const {vocabSize, sequenceLength, keyLength, valueLength} = config;
    const hay = hayLength(config);
    const key = Array.from({length: keyLength}, () => random.below(digits));
    const value = Array.from({length: valueLength}, () => random.below(digits));
    const place = config.depth === null ? random.below(hay + 1) : Math.floor(config.depth * hay + 0.5);
    const filler = Array.from({length: hay}, () => digits + random.below(vocabSize - digits - 2));
    const note = [vocabSize - 2, ...key, ...value];
    const question = [vocabSize - 1, ...key, ...value];
    const sequence = [...filler.slice(0, place), ...note, ...filler.slice(place), ...question];
    return nextTokenTraining(sequence, (t) => t > sequenceLength - valueLength);
  },
});
