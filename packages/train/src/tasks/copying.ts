import type {Random} from '@variants/core';
import {type Fields, flag, whole} from './fields';
import {defineTask, ignoreIndex, type TaskExample} from './task';

/** Configuration of {@link copying} and {@link selectiveCopying}. */
export type CopyingConfig = {
  /** A, number of token ids: 0 is blank, A - 1 asks for the copy, the rest is data. */
  vocabSize: number;
  /** M, data tokens to copy. */
  numTokens: number;
  /** L, blanks before the copy is asked for; no default. */
  lag: number;
  /** Whether the data stands at random places among the blanks, or all of it first. Default false in both tasks. */
  selective: boolean;
};

const fields: Fields<CopyingConfig> = {
  vocabSize: whole(16, 3),
  numTokens: whole(16, 1),
  lag: whole(undefined, 0),
  selective: flag(false),
};

function generate(random: Random, {vocabSize, numTokens, lag, selective}: CopyingConfig): TaskExample {
  const data = Array.from({length: numTokens}, () => 1 + random.below(vocabSize - 2));
  const places = selective
    ? random.sample(numTokens + lag, numTokens).sort((a, b) => a - b)
    : Array.from(data, (_, i) => i);
  const memory: number[] = Array(numTokens + lag).fill(0);
  places.forEach((place, i) => {
    memory[place] = data[i];
  });
  return {
    inputs: [...memory, ...Array<number>(numTokens).fill(vocabSize - 1)],
    targets: [...memory.map(() => ignoreIndex), ...data],
  };
}

const shared = {
  source: 'copying of the state-space papers, arXiv 2312.00752 appendix E.1',
  kind: 'language-model',
  fields,
  generate,
  vocabSize: ({vocabSize}: CopyingConfig) => vocabSize,
  chance: ({vocabSize}: CopyingConfig) => 1 / (vocabSize - 2),
} as const;

/** Copying: data at fixed places, then blanks, then markers at which the data is asked for in order. T = 2 M + L. */
export const copying = defineTask<CopyingConfig>({
  ...shared,
  name: 'copying',
  title: 'Copying',
  sizes: {
    quick: {config: {numTokens: 8, lag: 32}, batchSize: 32, steps: 500},
    bench: [{config: {numTokens: 16, lag: 256}, batchSize: 32, steps: 2000}],
  },
});

/** {@link copying} with random numbers of its own and sizes in which the data stands at random places. */
export const selectiveCopying = defineTask<CopyingConfig>({
  ...shared,
  name: 'selective-copying',
  title: 'Selective copying',
  sizes: {
    quick: {config: {numTokens: 8, lag: 32, selective: true}, batchSize: 32, steps: 1500},
    bench: [{config: {numTokens: 16, lag: 256, selective: true}, batchSize: 32, steps: 5000}],
  },
});
