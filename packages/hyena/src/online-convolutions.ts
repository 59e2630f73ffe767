import type * as tf from '@tensorflow/tfjs';
import {type ConvolutionState, type ForwardOptions, onlineConvolution, type StateTree} from '@variants/core';
import type {Convolve, StreamedConvolutions} from './mixer';

/** The filters of long convolutions, [time, width] each, and what is added of each one's input, [width] each. */
export interface LongFilters {
  filters: tf.Tensor[];
  skips?: tf.Tensor[];
}

/** What a long convolution remembers of a stream. */
export type OnlineState = {
  /** Its filter, the skip term in the first tap, [capacity, width]. */
  filter: tf.Tensor;
  /** What was fed. */
  fed: ConvolutionState | null;
};

/**
 * Exact long convolutions of a stream. The filters are made when there is need for more room, and then kept with the state,
 * so that a step need not make them again.
 */
export class OnlineConvolutions implements StreamedConvolutions {
  private readonly states: OnlineState[];
  private readonly capacity: number;

  constructor(
    x: tf.Tensor,
    state: StateTree,
    {capacity}: ForwardOptions,
    longFilters: (length: number) => LongFilters,
  ) {
    const before = state as OnlineState[] | null;
    const held = before?.[0].filter.shape[0] ?? 0;
    // Who does not say how much room there is to be gets as much as may be needed.
    this.capacity = Math.max(held, capacity ?? held + (x.shape[1] as number));
    this.states =
      before && held === this.capacity
        ? [...before]
        : withSkips(longFilters(this.capacity)).map((filter, o) => ({filter, fed: before?.[o].fed ?? null}));
  }

  readonly convolve: Convolve = (v, o, gate) => {
    const {filter, fed} = this.states[o];
    const {output, state} = onlineConvolution(v, filter, fed, {capacity: this.capacity, gate});
    this.states[o] = {filter, fed: state};
    return output;
  };

  after(): StateTree {
    return this.states;
  }
}

/** Filters whose first tap has the skip term in it. */
function withSkips({filters, skips}: LongFilters): tf.Tensor[] {
  if (!skips) return filters;
  return filters.map((filter, o) => {
    const [length] = filter.shape;
    return filter.add(
      skips[o].expandDims(0).pad([
        [0, length - 1],
        [0, 0],
      ]),
    );
  });
}
