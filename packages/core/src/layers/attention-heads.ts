import {ConfigError} from '../errors';
import type {RotaryConfig} from './rotary';

/** Options that all attention in heads has. */
export interface AttentionHeadsConfig {
  /** Heads H of the queries. */
  numHeads: number;
  /** Heads of keys and values; each serves numHeads / numKeyValueHeads heads of queries. Default numHeads. */
  numKeyValueHeads?: number;
  /** Features of a head of queries and keys. Default: the input's width / numHeads. */
  headSize?: number;
  /** Features of a head of values. Default headSize. */
  valueHeadSize?: number;
  /** Biases on queries, keys and values. Default true. */
  useBias?: boolean;
  /** A bias on the output. Default: as useBias. */
  useOutputBias?: boolean;
  /** What the scores are multiplied with. Default headSize^-0.5. */
  scale?: number;
  /** Turns queries and keys by their positions. Default: no positions. */
  rotary?: RotaryConfig | null;
  /** The share of attention probabilities set to zero in training. Default 0. */
  dropout?: number;
}

/** How many heads there are, and features of each. */
export interface HeadSizes {
  numHeads: number;
  numKeyValueHeads: number;
  headSize: number;
  valueHeadSize: number;
}

/**
 * The sizes of a configuration for inputs of a width.
 * @param path Whose they are, for the message.
 * @throws ConfigError when the heads do not divide the width or the heads of the queries.
 */
export function headSizes(config: AttentionHeadsConfig, hiddenSize: number, path: string): HeadSizes {
  const {numHeads, numKeyValueHeads = numHeads, headSize = hiddenSize / numHeads, valueHeadSize = headSize} = config;
  if (!Number.isInteger(headSize))
    throw new ConfigError(`${path}: numHeads is ${numHeads}, but must divide the width ${hiddenSize}`);
  if (numHeads % numKeyValueHeads !== 0)
    throw new ConfigError(
      `${path}: numHeads is ${numHeads}, but must be a multiple of numKeyValueHeads ${numKeyValueHeads}`,
    );
  return {numHeads, numKeyValueHeads, headSize, valueHeadSize};
}
