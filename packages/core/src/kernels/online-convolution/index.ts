import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptions, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {type LongConvolutionOptions, longConvolution} from '../long-convolution';
import {growAxis} from '../padding';
import {onlineConvolutionReference} from './reference';
import type {ConvolutionState, OnlineConvolutionInputs, OnlineConvolutionOutputs} from './types';

export type {ConvolutionState, OnlineConvolutionInputs} from './types';

const kernel = defineKernel<OnlineConvolutionInputs, object, OnlineConvolutionOutputs>({
  name: 'OnlineConvolution',
  outputs: ['y', 'inputs', 'carried', 'blocks', 'base'],
  differentiable: [],
  reference: onlineConvolutionReference,
  gradient: () => ({}),
});

/** Options of {@link onlineConvolution}. */
export interface OnlineConvolutionOptions extends Pick<LongConvolutionOptions, 'skip' | 'gate'> {
  /** Positions that the state is to have room for, those before included; see `ForwardOptions`. Default: those there are. */
  capacity?: number;
}

/**
 * The next positions of a causal {@link longConvolution}: `output` is what it gives for them after all that was fed
 * before. Exact, and on the engine in O(log² time) for each position on average (the relaxed product of van der Hoeven
 * 2002; Oncescu et al. 2024 for such models): blocks of 2^q positions are added to the block after them when they are
 * complete. The first piece is one long convolution. No gradient.
 *
 * A step of one position is made of the same jobs wherever it is. The state that is passed in is used up: an engine may
 * write into its memory.
 *
 * @param x [batch, time, channels]
 * @param filter [filterLength, channels], the same in all calls; what is older than it is long is forgotten
 * @param state What the call before returned, or null to start.
 * @returns The output [batch, time, channels] and the next state.
 * @throws ShapeError when the shapes do not go together.
 */
export function onlineConvolution(
  x: tf.Tensor,
  filter: tf.Tensor,
  state: ConvolutionState | null,
  options: OnlineConvolutionOptions = {},
): {output: tf.Tensor; state: ConvolutionState} {
  requireTensors('onlineConvolution', {x, filter});
  requireOptions('onlineConvolution', options, ['capacity', 'skip', 'gate']);
  const {capacity, skip, gate} = options;
  const isCapacity = capacity === undefined || Number.isInteger(capacity);
  requireArgument('onlineConvolution', 'capacity', capacity, isCapacity, 'a whole number');
  if (!state) return {output: longConvolution(x, filter, {skip, gate}), state: firstState(x, capacity)};
  const {inputs, carried, blocks, base, length: before} = state as Partial<ConvolutionState>;
  requireTensors('onlineConvolution: the state', {inputs, carried, blocks, base, length: before});
  requireFit(x, filter, state);
  return tf.tidy(() => {
    const [[, time], [, held]] = [x.shape, state.inputs.shape] as number[][];
    const {length, ...grown} = withRoom(state, capacity ?? held + time);
    const {y, ...next} = kernel({x, filter, length, ...grown}, {});
    const added = skip ? y.add(x.mul(skip)) : y;
    const now = length.add(tf.scalar(time, 'int32')) as tf.Scalar;
    return {output: gate ? added.mul(gate) : added, state: {...next, length: now} as ConvolutionState};
  });
}

/** The state after the first positions. */
function firstState(x: tf.Tensor, capacity = 0): ConvolutionState {
  return tf.tidy(() => {
    const [batch, time, channels] = x.shape as number[];
    const room = Math.max(time, capacity);
    return {
      inputs: growAxis(x, 1, room),
      carried: tf.zeros([batch, room, channels]),
      blocks: tf.zeros([batch, room, channels]),
      // In the order in which the next states have them: a recorded step is one of the same tree.
      base: tf.scalar(-1, 'int32'),
      length: tf.scalar(time, 'int32'),
    };
  });
}

/** The state with room for so many positions, to which nothing was carried yet. */
function withRoom(state: ConvolutionState, capacity: number): ConvolutionState {
  if ((state.inputs.shape[1] as number) >= capacity) return state;
  const [inputs, carried, blocks] = [state.inputs, state.carried, state.blocks].map((rows) =>
    growAxis(rows, 1, capacity),
  );
  return {inputs, carried, blocks, length: state.length, base: tf.scalar(-1, 'int32')};
}

function requireFit(x: tf.Tensor, filter: tf.Tensor, {inputs}: ConvolutionState): void {
  const [batch, , channels] = inputs.shape as number[];
  if (x.rank !== 3 || x.size === 0 || x.shape[0] !== batch || x.shape[2] !== channels)
    throw new ShapeError(
      `onlineConvolution: x [${x.shape}] must be [${batch}, time, ${channels}] as in the state, time at least 1`,
    );
  if (filter.rank !== 2 || filter.size === 0 || filter.shape[1] !== channels)
    throw new ShapeError(
      `onlineConvolution: filter [${filter.shape}] must be [length, ${channels}] as in the state, the length at least 1`,
    );
}
