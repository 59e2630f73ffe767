import * as tf from '@tensorflow/tfjs';
import {withoutPadding} from '@variants/core';

/** 'back': the second half of a token's features is the previous one's. 'both': the first third the next one's, the last the previous one's. */
export type Shift = 'back' | 'both';

/**
 * Features of neighbours in place of a token's own, so that a layer sees them without mixing (as RWKV's time shift). Features
 * that the groups leave over stay.
 * @param x [batch, time, hidden]
 * @param before The last token's features of the group that moves on, [batch, 1, group]; null at the start of a sequence.
 * @param mask [batch, time], 1 = a token, 0 = padding, whose features do not move. Default: all are tokens.
 * @returns x shifted, and the last token's features that move on to the next.
 */
export function shiftTokens(
  x: tf.Tensor,
  shift: Shift,
  before: tf.Tensor | null,
  mask: tf.Tensor | undefined,
): {x: tf.Tensor; last: tf.Tensor} {
  const [batch, time, hidden] = x.shape as number[];
  const groups = shift === 'back' ? 2 : 3;
  const size = Math.floor(hidden / groups);
  const group = (i: number) => x.slice([0, 0, i * size], [-1, -1, size]);
  const none = tf.zeros([batch, 1, size]);
  const moving = withoutPadding(group(groups - 1), mask);
  const fromBefore = tf.concat([before ?? none, moving], 1).slice([0, 0, 0], [-1, time, -1]);
  const fromBehind = () => tf.concat([withoutPadding(group(0), mask), none], 1).slice([0, 1, 0]);
  const rest = hidden - groups * size;
  const parts = [
    ...(shift === 'both' ? [fromBehind()] : []),
    group(groups - 2),
    fromBefore,
    ...(rest > 0 ? [x.slice([0, 0, groups * size])] : []),
  ];
  return {x: tf.concat(parts, 2), last: moving.slice([0, time - 1, 0], [-1, 1, -1])};
}
