import {ConfigError, type Random} from '@variants/core';
import {whole} from './fields';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link listops}. */
export type ListopsConfig = {
  /** T, tokens of an example, padded on the left. */
  sequenceLength: number;
  /** Fewest tokens of an expression. */
  minLength: number;
  /** Deepest level, the outermost being 1: there stand digits only. */
  maxDepth: number;
  /** Most arguments of an operation; the fewest are 2. */
  maxArguments: number;
};

const firstOperation = 10;
const close = 14;
const pad = 15;
const branching = 0.25;
const mostDraws = 100_000;
const longestMean = 10_000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : Math.floor((sorted[middle - 1] + sorted[middle]) / 2);
}

const operations = [
  (values: readonly number[]) => Math.min(...values),
  (values: readonly number[]) => Math.max(...values),
  median,
  (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) % 10,
];

/** Draws an expression behind `tokens` and returns its value. */
function drawTree(random: Random, config: ListopsConfig, depth: number, tokens: number[]): number {
  if (depth >= config.maxDepth || !random.chance(branching)) {
    const digit = random.below(10);
    tokens.push(digit);
    return digit;
  }
  const numArguments = 2 + random.below(config.maxArguments - 1);
  const operationPlace = tokens.push(pad) - 1;
  const values = Array.from({length: numArguments}, () => drawTree(random, config, depth + 1, tokens));
  const operation = random.below(operations.length);
  tokens[operationPlace] = firstOperation + operation;
  tokens.push(close);
  return operations[operation](values);
}

/** Tokens of an average expression, and of the longest. */
function lengths({maxDepth, maxArguments}: ListopsConfig): {mean: number; longest: number} {
  let mean = 1;
  let longest = 1;
  for (let depth = maxDepth - 1; depth >= 1; depth--) {
    mean = 1 - branching + branching * (2 + (1 + maxArguments / 2) * mean);
    longest = 2 + maxArguments * longest;
  }
  return {mean, longest};
}

/** ListOps: the value of a nested expression of MIN, MAX, MED and SUM modulo 10, in prefix form, at the last position. */
export const listops = defineTask<ListopsConfig>({
  name: 'listops',
  title: 'ListOps',
  source: 'Long Range Arena, arXiv 2011.04006; closing tokens count, lengths may equal their bounds',
  kind: 'language-model',
  fields: {
    sequenceLength: whole(128, 1),
    minLength: whole(24, 1),
    maxDepth: whole(6, 1),
    maxArguments: whole(5, 2),
  },
  sizes: {
    quick: {config: {sequenceLength: 64, maxDepth: 4}, batchSize: 32, steps: 1000},
    bench: [{config: {sequenceLength: 256, maxDepth: 6}, batchSize: 32, steps: 4000}],
  },
  check(config, must) {
    const {mean, longest} = lengths(config);
    must('minLength', config.minLength <= config.sequenceLength, `at most sequenceLength, ${config.sequenceLength}`);
    must('minLength', config.minLength <= longest, `at most ${longest}, the longest expression of this depth`);
    must(
      'maxArguments',
      mean <= longestMean,
      `fewer, or a smaller maxDepth: expressions of ${mean.toPrecision(2)} tokens are too long`,
    );
  },
  vocabSize: () => pad + 1,
  chance: () => 1 / 10,
  generate(random, config) {
    for (let draw = 0; draw < mostDraws; draw++) {
      const tokens: number[] = [];
      const value = drawTree(random, config, 1, tokens);
      const padding = config.sequenceLength - tokens.length;
      if (tokens.length < config.minLength || padding < 0) continue;
      return {
        inputs: [...Array<number>(padding).fill(pad), ...tokens],
        targets: [...Array<number>(config.sequenceLength - 1).fill(ignoreIndex), value],
      };
    }
    const {minLength, sequenceLength} = config;
    throw new ConfigError(
      `listops: minLength is ${minLength}; allowed: less, or a greater sequenceLength than ${sequenceLength}: none of ${mostDraws} expressions had such a length`,
    );
  },
});
