import {flag, whole} from './fields';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link parity}. */
export type ParityConfig = {
  /** T, bits of an example. */
  sequenceLength: number;
  /** Whether every position is scored, or the last alone. */
  cumulative: boolean;
};

const longer = [64, 128, 256].map((sequenceLength) => ({sequenceLength}));

/** Parity: whether the number of ones up to each position is odd. */
export const parity = defineTask<ParityConfig>({
  name: 'parity',
  title: 'Parity',
  source: 'state tracking, arXiv 2411.12537',
  kind: 'language-model',
  fields: {sequenceLength: whole(40, 1), cumulative: flag(true)},
  sizes: {
    quick: {config: {sequenceLength: 24}, batchSize: 64, steps: 1000},
    bench: [{config: {sequenceLength: 40}, batchSize: 64, steps: 4000, tests: longer}],
  },
  vocabSize: () => 2,
  chance: () => 1 / 2,
  generate(random, {sequenceLength, cumulative}) {
    const inputs = Array.from({length: sequenceLength}, () => random.below(2));
    let odd = 0;
    const targets = inputs.map((bit, t) => {
      odd ^= bit;
      return cumulative || t === sequenceLength - 1 ? odd : ignoreIndex;
    });
    return {inputs, targets};
  },
});
