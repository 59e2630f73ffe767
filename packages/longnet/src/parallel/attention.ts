/**
 * Dilated attention of a sequence that is spread over workers (Ding et al. 2023, section 3.2): each of W holds l = T / W
 * positions. Patterns whose segments lie within a part need nobody else. Of the others, every worker hands its kept keys and
 * values, l / r_i rows, to those that share its segment, and its queries look at those of all of them.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type AttentionOutputs,
  attention,
  ConfigError,
  type DilatedPattern,
  dilatedRows,
  mergeDilated,
  padAxis,
  requireArgument,
  requireGiven,
} from '@variants/core';
import {type DilatedAttentionOptions, requireHeads, turn} from '../dilated-attention';
import {patternsOf, requirePatternLists} from '../patterns';
import type {Communicator, Members} from './communicator';

/** Options of {@link parallelDilatedAttention}: those of `dilatedAttention`, and how workers exchange what they need. */
export interface ParallelDilatedAttentionOptions extends Omit<DilatedAttentionOptions, 'mask' | 'dropout'> {
  communicator: Communicator;
}

const optionNames = [
  ...['segmentLengths', 'dilations', 'causal', 'scale', 'xPosScaleBase', 'maskFilling', 'differentiateShares'],
  'communicator',
];

/** What a pattern is on a worker. */
interface LocalPattern {
  /** Of the worker's own positions. */
  pattern: DilatedPattern;
  /** The workers that share its segment; null where there are several segments in the part of a worker. */
  members: Members | null;
  /** Parts that a segment is of, also where the sequence ends before. */
  parts: number;
}

/**
 * `dilatedAttention` of a sequence of which this worker holds a part, the parts being of one length, in the order of ranks.
 * Together the workers give what one gives for the whole sequence, and in the gradient too, where the sums of the gradients
 * of keys and values are handed back. All workers call it with the same options. What a worker sends depends on its l / r_i
 * kept rows: where dilations grow as segments do, it is the same for any T.
 *
 * @param queries [batch, l, heads, size]: this worker's.
 * @param keys As queries.
 * @param values [batch, l, heads, value size]
 * @returns `output` [batch, l, heads, value size] and `logSumExp` [batch, l, heads] of this worker's positions.
 * @throws ConfigError where a segment is neither a part of l nor a multiple of it, or a dilation does not divide l where
 *   a segment is longer.
 */
export function parallelDilatedAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: ParallelDilatedAttentionOptions,
): AttentionOutputs {
  const owner = 'parallelDilatedAttention';
  requireGiven(owner, options, optionNames);
  const {segmentLengths, dilations, communicator, xPosScaleBase = null, scale} = options;
  const {causal = false, maskFilling = false, differentiateShares = false} = options;
  requirePatternLists(owner, {segmentLengths, dilations});
  const isThere = typeof communicator?.allGather === 'function' && communicator.rank < communicator.size;
  requireArgument(owner, 'communicator', communicator, isThere, 'a Communicator');
  requireHeads(owner, queries, keys, values);
  const {rank, size} = communicator;
  const time = queries.shape[1] as number;
  const local = patternsOf({segmentLengths, dilations}).map((pattern) => localPattern(pattern, time, communicator));
  const place = {start: rank * time, total: size * time};
  return tf.tidy(() => {
    const found = local.map(({pattern, members, parts}, i) => {
      const turned = turn(queries, keys, {...place, segmentLength: segmentLengths[i], scaleBase: xPosScaleBase});
      const [q, k, v] = [turned.queries, turned.keys, values].map((x) => dilatedRows(x, [pattern])[0]);
      if (members === null) return attention(q, k, v, {causal, scale});
      const gathered = gatherRows(tf.concat([k, v], 3), communicator, members);
      const rows = pattern.segmentLength / pattern.dilation;
      const visible = causal ? gathered.slice([0, 0, 0, 0], [-1, -1, (rank - members.first + 1) * rows, -1]) : gathered;
      // Where the sequence ends within a segment, one worker has zeros there.
      const filling = causal || maskFilling ? 0 : (parts - members.count) * rows;
      const all = padAxis(visible, 2, 0, filling);
      const [allKeys, allValues] = tf.split(all, [k.shape[3] as number, v.shape[3] as number], 3);
      return attention(q, allKeys, allValues, {causal, scale});
    });
    return mergeDilated(found, {patterns: local.map(({pattern}) => pattern), time, differentiateShares});
  });
}

function localPattern(
  {segmentLength, dilation}: DilatedPattern,
  time: number,
  {rank, size}: Communicator,
): LocalPattern {
  const length = Math.min(segmentLength, size * time);
  const is = `parallelDilatedAttention: segmentLengths has ${segmentLength}`;
  if (length <= time) {
    if (time % length !== 0)
      throw new ConfigError(`${is}, but must divide the ${time} positions of each worker, or be a multiple of them`);
    return {pattern: {segmentLength: length, dilation}, members: null, parts: 1};
  }
  if (length % time !== 0)
    throw new ConfigError(`${is}, but must be a multiple of the ${time} positions of each worker, or divide them`);
  if (time % dilation !== 0)
    throw new ConfigError(
      `parallelDilatedAttention: dilations has ${dilation} for segments of ${segmentLength}, but must divide the ${time} positions of each worker`,
    );
  const parts = length / time;
  const first = Math.floor(rank / parts) * parts;
  return {
    pattern: {segmentLength: time, dilation},
    members: {first, count: Math.min(parts, size - first)},
    parts,
  };
}

/** The rows [batch, heads, rows, size] of all members, one after the other; in the gradient, each gets back the sum of its own. */
function gatherRows(rows: tf.Tensor, communicator: Communicator, members: Members): tf.Tensor {
  const gather = tf.customGrad((x) => {
    const own = x as tf.Tensor;
    const parts = communicator.allGather(own.dataSync() as Float32Array, members);
    const value = tf.concat(
      parts.map((part) => tf.tensor(part, own.shape)),
      2,
    );
    const gradFunc = (dy: tf.Tensor) => {
      const handed = tf.split(dy, members.count, 2).map((part) => part.dataSync() as Float32Array);
      return tf.tensor(communicator.reduceScatter(handed, members), own.shape);
    };
    return {value, gradFunc};
  });
  return gather(rows);
}
