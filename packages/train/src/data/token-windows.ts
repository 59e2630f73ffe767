import {DataError, Random, requireGiven} from '@variants/core';
import {requireWhole, wholeRange} from '../checks';
import {type BatchSource, batchSource, type TokenBatch} from './batch-source';
import {tokenFingerprint} from './token-fingerprint';
import {type TokenArray, type TokenIds, tokenArray} from './token-ids';

/** Batches of windows over tokens. */
export interface TokenWindows extends BatchSource<TokenBatch> {
  readonly vocabSize: number;
  /** All tokens, to be streamed through a model from first to last. */
  readonly tokens: TokenArray;
  /** The place of the first token of an example. */
  startOf(index: number, seed: number): number;
}

/** Options of {@link randomWindows} and {@link orderedWindows}. */
export interface TokenWindowsOptions {
  /** T: positions of a window, which covers T + 1 tokens, the last as target only. */
  sequenceLength: number;
  /** Every token must be below it. Default: the greatest token + 1. */
  vocabSize?: number;
  /** UTF-8 bytes that a token stands for, on average. Default: none, the tokens are no text. */
  bytesPerToken?: number;
  /** What errors call the tokens. Default 'tokens'. */
  name?: string;
}

/**
 * Windows for training: each example starts at a random token, any with T more behind it, drawn by seed and number of the
 * example alone. There is no end to them.
 * @throws DataError when there are fewer than sequenceLength + 1 tokens, or a token is not below vocabSize
 */
export function randomWindows(ids: TokenIds, options: TokenWindowsOptions): TokenWindows {
  const {tokens, sequenceLength} = checked('randomWindows', ids, options);
  const startOf = (index: number, seed: number) =>
    new Random(seed, 'windows/train', index).below(tokens.length - sequenceLength);
  return tokenWindows(tokens, options, Infinity, startOf);
}

/**
 * Windows for evaluation: one behind the other in order, so that every token but the first is predicted once; the few
 * at the end that fill no window are left out.
 * @throws DataError when there are fewer than sequenceLength + 1 tokens, or a token is not below vocabSize
 */
export function orderedWindows(ids: TokenIds, options: TokenWindowsOptions): TokenWindows {
  const {tokens, sequenceLength} = checked('orderedWindows', ids, options);
  return tokenWindows(
    tokens,
    options,
    Math.floor((tokens.length - 1) / sequenceLength),
    (index) => index * sequenceLength,
  );
}

/** The ids as a typed array, and the length of windows of which they fill one. */
function checked(
  owner: string,
  ids: TokenIds,
  options: TokenWindowsOptions,
): {tokens: TokenArray; sequenceLength: number} {
  requireGiven(owner, options, windowOptions);
  const {name = 'tokens', sequenceLength} = options;
  const tokens = tokenArray(ids, name);
  requireWhole(name, 'sequenceLength', sequenceLength, 1);
  if (tokens.length > sequenceLength) return {tokens, sequenceLength};
  throw new DataError(
    `${name}: ${tokens.length} tokens; a window of sequenceLength ${sequenceLength} needs ${sequenceLength + 1}`,
  );
}

const windowOptions = ['sequenceLength', 'vocabSize', 'bytesPerToken', 'name'];

function tokenWindows(
  tokens: TokenArray,
  options: TokenWindowsOptions,
  numExamples: number,
  startOf: TokenWindows['startOf'],
): TokenWindows {
  const {sequenceLength, bytesPerToken, name = 'tokens'} = options;
  let fingerprint: string | undefined;
  const vocabSize = vocabSizeOf(tokens, options.vocabSize, name);
  const source = batchSource<TokenBatch>({
    name,
    vocabSize,
    tokensPerExample: sequenceLength,
    numExamples,
    bytesPerToken,
    fingerprint() {
      fingerprint ??= tokenFingerprint(tokens);
      return fingerprint;
    },
    writeExample(index, seed, [inputs], targets) {
      const from = startOf(index, seed);
      inputs.set(tokens.subarray(from, from + sequenceLength));
      targets.set(tokens.subarray(from + 1, from + 1 + sequenceLength));
    },
  });
  return {...source, vocabSize, tokens, startOf};
}

/**
 * The number of token ids: `wanted`, or the greatest token + 1.
 * @throws DataError when a token is negative or not below `wanted`
 */
export function vocabSizeOf(tokens: TokenArray, wanted: number | undefined, name: string): number {
  if (wanted !== undefined) requireWhole(name, 'vocabSize', wanted, 1);
  const limit = wanted ?? Infinity;
  const wrong = tokens.findIndex((token) => token < 0 || token >= limit);
  if (wrong >= 0)
    throw new DataError(`${name}: token ${tokens[wrong]} at place ${wrong}; allowed: ${wholeRange(0, limit - 1)}`);
  if (wanted !== undefined) return wanted;
  let greatest = 0;
  for (const token of tokens) greatest = Math.max(greatest, token);
  return greatest + 1;
}
