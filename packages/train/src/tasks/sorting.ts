import {whole} from './fields';
import {nextTokenExample} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link sorting}. */
export type SortingConfig = {
  /** V, number of token ids; V - 1 separates the list from the sorted list. */
  vocabSize: number;
  /** n, tokens to sort; T = 2 n. */
  numTokens: number;
};

/** Sorting: a list, a separator, and the list in ascending order. */
export const sorting = defineTask<SortingConfig>({
  name: 'sorting',
  title: 'Sorting',
  source: 'own; a usual probe of sequence models',
  kind: 'language-model',
  fields: {vocabSize: whole(33, 2), numTokens: whole(16, 1)},
  sizes: {
    quick: {config: {numTokens: 12}, batchSize: 32, steps: 1000},
    bench: [{config: {numTokens: 32}, batchSize: 32, steps: 4000}],
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / (vocabSize - 1),
  generate(random, {vocabSize, numTokens}) {
    const tokens = Array.from({length: numTokens}, () => random.below(vocabSize - 1));
    const sorted = [...tokens].sort((a, b) => a - b);
    return nextTokenExample([...tokens, vocabSize - 1, ...sorted], (place) => place > numTokens);
  },
});
