import * as tf from '@tensorflow/tfjs';
import {padAxis} from '../padding';
import {type DilatedPattern, dilatedShape} from './pattern';

/**
 * The rows of x [batch, time, heads, size] that each head keeps of each segment, [batch · segments, heads, rows, size];
 * zeros for those beyond the sequence or the segment.
 */
export function keptRows(x: tf.Tensor, pattern: DilatedPattern): tf.Tensor {
  const [batch, time, numHeads, size] = x.shape as number[];
  const {length, segments, rows, headsPerOffset} = dilatedShape(pattern, time, numHeads);
  const whole = padAxis(x, 1, 0, segments * length - time).reshape([batch * segments, length, numHeads, size]);
  const {dilation} = pattern;
  const byOffset = padAxis(whole, 1, 0, rows * dilation - length).reshape([-1, rows, dilation, numHeads, size]);
  const groups = headGroups(numHeads, headsPerOffset).map(({first, count}, offset) =>
    byOffset.slice([0, 0, offset, first, 0], [-1, -1, 1, count, -1]).squeeze([2]),
  );
  return tf.concat(groups, 2).transpose([0, 2, 1, 3]);
}

/** What {@link keptRows} took, back at its place in [batch, time, heads, size]; zeros where a head keeps nothing. */
export function spreadRows(kept: tf.Tensor, pattern: DilatedPattern, time: number): tf.Tensor {
  const [pieces, numHeads, rows, size] = kept.shape as number[];
  const {length, segments, headsPerOffset} = dilatedShape(pattern, time, numHeads);
  const {dilation} = pattern;
  const byRow = kept.transpose([0, 2, 1, 3]);
  const used = headGroups(numHeads, headsPerOffset).map(({first, count}) =>
    padAxis(byRow.slice([0, 0, first, 0], [-1, -1, count, -1]), 2, first, numHeads - first - count),
  );
  // With more offsets than groups of heads nobody keeps the last ones.
  const byOffset = padAxis(tf.stack(used, 2), 2, 0, dilation - used.length);
  const inSegments = byOffset.reshape([pieces, rows * dilation, numHeads, size]).slice([0, 0], [-1, length]);
  return inSegments.reshape([pieces / segments, segments * length, numHeads, size]).slice([0, 0], [-1, time]);
}

/** The heads of each offset. */
function headGroups(numHeads: number, headsPerOffset: number): {first: number; count: number}[] {
  return Array.from({length: Math.ceil(numHeads / headsPerOffset)}, (_, offset) => {
    const first = offset * headsPerOffset;
    return {first, count: Math.min(headsPerOffset, numHeads - first)};
  });
}
