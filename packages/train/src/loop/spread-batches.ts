import {ConfigError} from '@variants/core';
import {type Batch, type BatchSource, disposeBatch} from '../data/batch-source';

/** Which part of a source is looked at. */
export interface SpreadOptions {
  /** Positions, rounded up to whole batches. */
  maxTokens: number;
  batchSize: number;
  seed: number;
}

/**
 * Batches spread evenly over a source, so many that they hold `maxTokens` positions; all of them where there are no more. Each
 * is disposed when the next is asked for, or the loop is left.
 * @throws ConfigError for a source without end and no `maxTokens`.
 */
export function* spreadBatches(source: BatchSource, options: SpreadOptions, owner: string): Generator<Batch> {
  const {maxTokens, batchSize, seed} = options;
  const available = Math.ceil(source.numExamples / batchSize);
  const count = Math.min(available, Math.ceil(maxTokens / (batchSize * source.tokensPerExample)));
  if (count === Infinity) throw new ConfigError(`${owner}: the data has no end; give maxTokens`);
  const stride = available === Infinity ? 1 : available / count;
  for (let i = 0; i < count; i++) {
    const batch = source.batch(Math.floor(i * stride), batchSize, seed);
    try {
      yield batch;
    } finally {
      disposeBatch(batch);
    }
  }
}
