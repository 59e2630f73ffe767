import * as tf from '@tensorflow/tfjs';
import {sumOf} from './sum-of';

/** Positions whose states are there at the same time; of all others only every 32nd state is kept. */
const CHUNK = 32;

/** What a step back over a position gives: the gradient of the state before it, and others by name. */
export type StepBack<Name extends string> = {
  before: tf.Tensor;
  gradients: {[name in Name]: tf.Tensor};
};

/**
 * Walks back over the positions of a recurrence. Its states are computed again, a chunk at a time, so that memory is
 * linear in time.
 * @param first The state before the first position.
 * @param dLast The gradient of the state after the last one.
 * @param next The state after a position.
 * @param back From the gradient of the state after position t and the state before it.
 * @returns The gradients of each position, and that of the first state.
 */
export function walkBack<Position, Name extends string>(
  positions: readonly Position[],
  first: tf.Tensor,
  dLast: tf.Tensor,
  next: (state: tf.Tensor, position: Position) => tf.Tensor,
  back: (after: tf.Tensor, state: tf.Tensor, t: number) => StepBack<Name>,
): {found: {[name in Name]: tf.Tensor}[]; dFirst: tf.Tensor} {
  const starts = [first];
  for (let end = CHUNK; end < positions.length; end += CHUNK)
    starts.push(tf.tidy(() => positions.slice(end - CHUNK, end).reduce(next, starts[starts.length - 1])));
  const found: {[name in Name]: tf.Tensor}[] = [];
  let after = dLast;
  for (let chunk = starts.length - 1; chunk >= 0; chunk--) {
    const start = chunk * CHUNK;
    const end = Math.min(positions.length, start + CHUNK);
    const steps = tf.tidy(() => {
      const states = [starts[chunk]];
      for (let t = start; t < end - 1; t++) states.push(next(states[t - start], positions[t]));
      const steps: StepBack<Name>[] = [];
      for (let t = end - 1; t >= start; t--)
        steps.push(back(steps[steps.length - 1]?.before ?? after, states[t - start], t));
      return {before: steps[steps.length - 1].before, gradients: steps.reverse().map(({gradients}) => gradients)};
    });
    found.unshift(...steps.gradients);
    after = steps.before;
  }
  return {found, dFirst: after};
}

/** The gradients of one name for all positions, [batch, time, ...]. */
export const stacked = <Name extends string>(found: {[name in Name]: tf.Tensor}[], name: Name): tf.Tensor =>
  tf.stack(
    found.map((gradients) => gradients[name]),
    1,
  );

/** Their sum over batch and time. */
export const summed = <Name extends string>(found: {[name in Name]: tf.Tensor}[], name: Name): tf.Tensor =>
  sumOf(found.map((gradients) => gradients[name])).sum(0);

/** S x over the value axis: [batch, heads, keys, values] and [batch, heads, values] to [batch, heads, keys]. */
export const acrossValues = (S: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.matMul(S, x.expandDims(-1)).squeeze([-1]);
