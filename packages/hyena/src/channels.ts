import type * as tf from '@tensorflow/tfjs';

/**
 * How the channels of several filters lie side by side: 'order-first', all channels of the first filter, then those of the
 * next (safari's standalone operator, HyenaDNA), or 'channel-first', the first channel of all filters, then the next
 * (safari's full operator). With order 2 there is one filter, and they are the same.
 */
export type FilterLayout = 'order-first' | 'channel-first';

/** All layouts. */
export const filterLayouts = ['order-first', 'channel-first'] as const satisfies readonly FilterLayout[];

/**
 * The value and gates in projections [batch, time, (order + 1) width]: of each head x_0, .., x_{order-1}, v, one after the
 * other. Returned in that order, [batch, time, width] each.
 */
export function splitProjections(u: tf.Tensor, order: number, numHeads: number): tf.Tensor[] {
  const [batch, time, size] = u.shape as number[];
  const width = size / (order + 1);
  const headSize = width / numHeads;
  if (numHeads === 1) return u.split(order + 1, 2);
  const byHead = u.reshape([batch, time, numHeads, order + 1, headSize]);
  return byHead.split(order + 1, 3).map((group) => group.reshape([batch, time, width]));
}

/**
 * Filters, or what else there is of each channel of each, one after the other and for all heads, which share them.
 * @param taps [..., filters · head size] in `layout`
 * @returns [..., heads · head size] each
 */
export function splitFilters(taps: tf.Tensor, count: number, numHeads: number, layout: FilterLayout): tf.Tensor[] {
  const leading = taps.shape.slice(0, -1);
  const headSize = (taps.shape[taps.rank - 1] as number) / count;
  const isOrderFirst = layout === 'order-first';
  const byFilter = taps.reshape([...leading, ...(isOrderFirst ? [count, headSize] : [headSize, count])]);
  const axis = leading.length + (isOrderFirst ? 0 : 1);
  // tfjs has no gradient of a split into one.
  const filters = count === 1 ? [taps] : byFilter.split(count, axis).map((filter) => filter.squeeze([axis]));
  if (numHeads === 1) return filters;
  return filters.map((filter) => filter.tile([...leading.map(() => 1), numHeads]));
}
