import {Random} from '@variants/core';
import {whole} from './fields';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link memorization}. */
export type MemorizationConfig = {
  /** V, number of token ids: keys, facts, and V - 1 which asks. */
  vocabSize: number;
  /** T, even: T / 2 keys, each followed by the question. */
  sequenceLength: number;
};

/** The fact of every key: one table for a seed, whatever the split. */
function tableOfFacts(seed: number, vocabSize: number): number[] {
  const numKeys = Math.floor((vocabSize - 1) / 2);
  const facts = Array.from({length: vocabSize - 1 - numKeys}, (_, i) => numKeys + i);
  return new Random(seed, 'memorization/map', 0).shuffle(facts);
}

/** Memorization: what a key stands for is never written, the weights have to hold it. Train and test share the seed's table. */
export const memorization = defineTask<MemorizationConfig>({
  name: 'memorization',
  title: 'Memorization',
  source: 'MAD, arXiv 2403.17844',
  kind: 'language-model',
  fields: {vocabSize: whole(256, 3), sequenceLength: whole(32, 2)},
  sizes: {
    quick: {config: {vocabSize: 256}, batchSize: 32, steps: 500},
    bench: [{config: {vocabSize: 1024}, batchSize: 32, steps: 2000}],
  },
  check({sequenceLength}, must) {
    must('sequenceLength', sequenceLength % 2 === 0, 'an even number');
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / Math.ceil((vocabSize - 1) / 2),
  generate(random, {vocabSize, sequenceLength}, seed) {
    const facts = tableOfFacts(seed, vocabSize);
    const numKeys = Math.floor((vocabSize - 1) / 2);
    const keys = Array.from({length: sequenceLength / 2}, () => random.below(numKeys));
    return {
      inputs: keys.flatMap((key) => [key, vocabSize - 1]),
      targets: keys.flatMap((key) => [ignoreIndex, facts[key]]),
    };
  },
});
