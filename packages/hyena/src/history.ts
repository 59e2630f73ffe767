import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, longConvolution, type StateTree} from '@variants/core';
import type {LongFilters, StreamedConvolutions} from './mixer';

/** What the convolutions of a stream remember, each. */
export type History = {
  /** The inputs there were, the latest first, then zeros: [batch, capacity, width]. */
  inputs: tf.Tensor;
  /** The filter, the skip term in its first tap, [capacity, width]. */
  filter: tf.Tensor;
};

/**
 * Exact long convolutions of a stream, from all inputs that there were: every position costs time and memory linear in the
 * room that there is. The filters are made when there is need for more room, and then kept.
 */
export class HistoryConvolutions implements StreamedConvolutions {
  private readonly next: History[];
  private readonly capacity: number;
  private readonly isFirst: boolean;

  constructor(
    x: tf.Tensor,
    state: StateTree,
    {capacity}: ForwardOptions,
    longFilters: (length: number) => LongFilters,
  ) {
    const before = state as History[] | null;
    this.isFirst = before === null;
    const held = before?.[0].filter.shape[0] ?? 0;
    // Who does not say how much room there is to be gets as much as may be needed.
    this.capacity = Math.max(held, capacity ?? held + (x.shape[1] as number));
    this.next =
      before && held === this.capacity ? [...before] : this.grown(before, x.shape[0], longFilters(this.capacity));
  }

  private grown(before: History[] | null, batch: number, {filters, skips}: LongFilters): History[] {
    return filters.map((filter, o) => {
      const width = filter.shape[1] as number;
      const first = filter.slice([0, 0], [1, width]);
      const atOnce = skips ? first.add(skips[o]) : first;
      return {
        filter: this.capacity > 1 ? tf.concat([atOnce, filter.slice([1, 0], [this.capacity - 1, width])], 0) : atOnce,
        inputs: before ? latest([before[o].inputs], batch, this.capacity) : tf.zeros([batch, this.capacity, width]),
      };
    });
  }

  convolve(v: tf.Tensor, o: number): tf.Tensor {
    const {inputs: before, filter} = this.next[o];
    const [batch, time] = v.shape as number[];
    const inputs = latest([time === 1 ? v : v.reverse(1), before], batch, this.capacity);
    this.next[o] = {inputs, filter};
    if (time === 1) return inputs.mul(filter).sum(1, true);
    if (this.isFirst) return longConvolution(v, filter);
    const all = tf.concat([before.reverse(1), v], 1);
    return longConvolution(all, filter).slice([0, this.capacity, 0], [-1, time, -1]);
  }

  after(): StateTree {
    return this.next;
  }
}

/** The first rows of parts [batch, rows, width] one after the other, filled up with zeros: [batch, capacity, width]. */
function latest(parts: tf.Tensor[], batch: number, capacity: number): tf.Tensor {
  const width = parts[0].shape[2] as number;
  const rows = parts.reduce((sum, part) => sum + (part.shape[1] as number), 0);
  const all = rows < capacity ? [...parts, tf.zeros([batch, capacity - rows, width])] : parts;
  return (all.length === 1 ? all[0] : tf.concat(all, 1)).slice([0, 0, 0], [batch, capacity, width]);
}
