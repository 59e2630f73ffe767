import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type {ChunkedAttentionOptions} from '../../src/kernels/chunked-attention';
import {Random} from '../../src/random';

/** A call of chunked attention. */
export interface ChunkedCase {
  batch: number;
  heads: number;
  rounds: number;
  /** Chunks of a round. */
  chunks: number;
  chunkLength: number;
  size: number;
  valueSize: number;
  before: number;
  after: number;
  causal: boolean;
  selfScore: number | null;
  sorted: boolean;
  masked: boolean;
  seed: number;
}

/** Random calls: windows may be longer than all chunks together, so that keys count several times. */
export const chunkedCases = ({maxChunk = 4, maxSize = 4} = {}): fc.Arbitrary<ChunkedCase> =>
  fc.record<ChunkedCase>({
    batch: fc.integer({min: 1, max: 2}),
    heads: fc.integer({min: 1, max: 2}),
    rounds: fc.integer({min: 1, max: 3}),
    chunks: fc.integer({min: 1, max: 4}),
    chunkLength: fc.integer({min: 1, max: maxChunk}),
    size: fc.integer({min: 1, max: maxSize}),
    valueSize: fc.integer({min: 1, max: maxSize}),
    before: fc.integer({min: 0, max: 2}),
    after: fc.integer({min: 0, max: 1}),
    causal: fc.boolean(),
    selfScore: fc.constantFrom(null, -1e5),
    sorted: fc.boolean(),
    masked: fc.boolean(),
    seed: fc.nat(),
  });

export const timeOf = ({chunks, chunkLength}: ChunkedCase): number => chunks * chunkLength;

/** A permutation of all positions for each head and round, and which keys may be seen. */
export function ordersAndMask(given: ChunkedCase): {order: number[]; mask: number[]} {
  const random = new Random(given.seed, 'orders');
  const time = timeOf(given);
  const permutation = () => random.shuffle(Array.from({length: time}, (_, i) => i));
  return {
    order: Array.from({length: given.batch * given.heads * given.rounds}, permutation).flat(),
    mask: Array.from({length: given.batch * time}, () => Number(random.chance(0.7))),
  };
}

/** The options of the call, with tensors that the caller disposes. */
export function optionsOf(given: ChunkedCase): ChunkedAttentionOptions {
  const {batch, heads, rounds, chunkLength, before, after, causal, selfScore, sorted, masked} = given;
  const {order, mask} = ordersAndMask(given);
  return {
    ...{chunkLength, before, after, causal, selfScore},
    ...(sorted && {order: tf.tensor(order, [batch, heads, rounds, timeOf(given)], 'int32')}),
    ...(masked && {mask: tf.tensor(mask, [batch, timeOf(given)], 'int32')}),
  };
}
