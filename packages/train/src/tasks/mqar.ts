import type {Random} from '@variants/core';
import {flag, fraction, whole} from './fields';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link mqar}. */
export type MqarConfig = {
  /** V, number of token ids, above sequenceLength: keys are below V / 2, values from there on. */
  vocabSize: number;
  /** T, tokens of an example, even. */
  sequenceLength: number;
  /** N, key-value pairs, each asked for once. */
  numPairs: number;
  /** Power law of the distance between context and query: 1 spreads the queries evenly, 0.01 puts most of them first. */
  powerA: number;
  /** How often the pairs are written. */
  numPasses: number;
  /** How many keys get a second, different value after that. */
  numUpdates: number;
  /** Whether random tokens stand between the queries, or zeros. */
  randomFiller: boolean;
};

/** Integer weights of the slots that a query can take, near ones first: no engine's rounding of `pow` reaches the draw. */
export function powerLawWeights(numSlots: number, powerA: number): number[] {
  return Array.from({length: numSlots}, (_, i) => Math.max(1, Math.floor(65536 * (i + 1) ** (powerA - 1) + 0.5)));
}

function contextLength({numPairs, numPasses, numUpdates}: MqarConfig): number {
  return 2 * numPairs * numPasses + 2 * numUpdates;
}

function drawPairs(random: Random, {vocabSize, numPairs}: MqarConfig): {keys: number[]; values: number[]} {
  const firstValue = Math.floor(vocabSize / 2);
  const keys = random.sample(firstValue - 1, numPairs).map((key) => 1 + key);
  const values = random.sample(vocabSize - firstValue, numPairs).map((value) => firstValue + value);
  return {keys, values};
}

/** Gives some keys another value: writes it behind the context, and into `answers`. */
function update(
  random: Random,
  config: MqarConfig,
  keys: readonly number[],
  answers: number[],
  context: number[],
): void {
  const firstValue = Math.floor(config.vocabSize / 2);
  for (const pair of random.sample(config.numPairs, config.numUpdates)) {
    const other = firstValue + random.below(config.vocabSize - firstValue - 1);
    answers[pair] = other >= answers[pair] ? other + 1 : other;
    context.push(keys[pair], answers[pair]);
  }
}

/** Multi-query associative recall: key-value pairs, then the keys again at random distances, each to be answered. */
export const mqar = defineTask<MqarConfig>({
  name: 'mqar',
  title: 'Multi-query associative recall',
  source: 'Zoology, arXiv 2312.04927; an update never repeats the value it replaces',
  kind: 'language-model',
  fields: {
    vocabSize: whole(256, 4),
    sequenceLength: whole(64, 4),
    numPairs: whole(4, 1),
    powerA: fraction(0.01),
    numPasses: whole(1, 1),
    numUpdates: whole(0, 0),
    randomFiller: flag(true),
  },
  sizes: {
    quick: {config: {vocabSize: 256, sequenceLength: 32, numPairs: 4, randomFiller: false}, batchSize: 64, steps: 700},
    bench: [
      {config: {vocabSize: 256, sequenceLength: 64, numPairs: 4}, batchSize: 64, steps: 1500},
      {config: {vocabSize: 1024, sequenceLength: 128, numPairs: 8}, batchSize: 64, steps: 4000},
      {config: {vocabSize: 1024, sequenceLength: 256, numPairs: 16}, batchSize: 64, steps: 4000},
    ],
  },
  check(config, must) {
    const {vocabSize, sequenceLength, numPairs, numUpdates} = config;
    const needed = contextLength(config) + 2 * numPairs;
    must('sequenceLength', sequenceLength % 2 === 0, 'an even number');
    must('sequenceLength', sequenceLength >= needed, `from ${needed}, the length of the pairs and the queries`);
    must('sequenceLength', sequenceLength - contextLength(config) <= 2 * 65536, 'at most 131072 behind the pairs');
    must('vocabSize', vocabSize > sequenceLength, `more than sequenceLength, ${sequenceLength}`);
    must('numPairs', numPairs < Math.floor(vocabSize / 2), `fewer than half of vocabSize, ${vocabSize}`);
    must('numUpdates', numUpdates <= numPairs, `at most numPairs, ${numPairs}`);
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({numPairs}) => 1 / numPairs,
  generate(random, config) {
    const {vocabSize, sequenceLength, numPairs, powerA, numPasses, numUpdates, randomFiller} = config;
    const {keys, values} = drawPairs(random, config);
    const pairs = keys.flatMap((key, pair) => [key, values[pair]]);
    const context = Array.from({length: numPasses}, () => pairs).flat();
    if (numUpdates > 0) update(random, config, keys, values, context);

    const inputs = context.concat(Array(sequenceLength - context.length).fill(0));
    const targets: number[] = Array(sequenceLength).fill(ignoreIndex);
    const numSlots = (sequenceLength - context.length) / 2;
    random.weightedDistinct(powerLawWeights(numSlots, powerA), numPairs).forEach((gap, pair) => {
      inputs[context.length + 2 * gap] = keys[pair];
      targets[context.length + 2 * gap] = values[pair];
    });
    if (randomFiller)
      for (let t = context.length; t < sequenceLength; t++) if (inputs[t] === 0) inputs[t] = random.below(vocabSize);
    return {inputs, targets};
  },
});
