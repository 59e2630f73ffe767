import {whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link associativeRecall}. */
export type AssociativeRecallConfig = {
  /** V, number of token ids: keys, values, one unused, and V - 1 which announces the question. */
  vocabSize: number;
  /** P, key-value pairs before the question; keys repeat, always with the same value. */
  numPairs: number;
};

/** Associative recall: pairs of a key and its value, then one of the keys; its value is asked for. T = 2 P + 2. */
export const associativeRecall = defineTask<AssociativeRecallConfig>({
  name: 'associative-recall',
  title: 'Associative recall',
  source: 'H3, arXiv 2212.14052',
  kind: 'language-model',
  fields: {vocabSize: whole(10, 4), numPairs: whole(10, 1)},
  sizes: {
    quick: {config: {vocabSize: 10, numPairs: 10}, batchSize: 64, steps: 500},
    bench: [{config: {vocabSize: 20, numPairs: 32}, batchSize: 64, steps: 2000}],
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / Math.ceil((vocabSize - 2) / 2),
  generate(random, {vocabSize, numPairs}) {
    const numRegular = vocabSize - 2;
    const numKeys = Math.floor(numRegular / 2);
    const table = Array.from({length: numKeys}, () => numKeys + random.below(numRegular - numKeys));
    const keys = Array.from({length: numPairs}, () => random.below(numKeys));
    const seen = [...new Set(keys)];
    const asked = seen[random.below(seen.length)];
    const sequence = [...keys.flatMap((key) => [key, table[key]]), vocabSize - 1, asked, table[asked]];
    return nextTokenTraining(sequence, (place) => place === sequence.length - 1);
  },
});
