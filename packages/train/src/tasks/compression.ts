import {whole} from './fields';
import {defineTask} from './task';

/** Configuration of {@link compression}. */
export type CompressionConfig = {
  /** V, number of token ids; V - 1 stands last. */
  vocabSize: number;
  /** T, tokens of an example, all to be found again. */
  sequenceLength: number;
};

/**
 * Compression: every token must be recovered from the vector of the last position alone. For an encoder: a head adds the
 * sinusoidal position t to that vector, and predicts token t.
 */
export const compression = defineTask<CompressionConfig>({
  name: 'compression',
  title: 'Compression',
  source: 'MAD, arXiv 2403.17844',
  kind: 'encoder',
  fields: {vocabSize: whole(16, 2), sequenceLength: whole(32, 1)},
  sizes: {
    quick: {config: {vocabSize: 16, sequenceLength: 32}, batchSize: 64, steps: 2000},
    bench: [{config: {vocabSize: 64, sequenceLength: 32}, batchSize: 64, steps: 4000}],
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / (vocabSize - 1),
  generate(random, {vocabSize, sequenceLength}) {
    const tokens = Array.from({length: sequenceLength - 1}, () => random.below(vocabSize - 1));
    const inputs = [...tokens, vocabSize - 1];
    return {inputs, targets: [...inputs]};
  },
});
