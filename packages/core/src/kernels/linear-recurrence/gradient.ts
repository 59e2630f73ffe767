import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import type {LinearRecurrenceInputs, LinearRecurrenceOutputs} from './index';
import {firstState, nextState, outer, type RecurrencePosition, readState, recurrencePositions} from './reference';

/** Positions whose states are there at the same time; of all others only every 32nd state is kept. */
const CHUNK = 32;

/** The gradients of one position, [batch, heads, size] each. */
type PositionGradients = {
  q: tf.Tensor;
  k: tf.Tensor;
  v: tf.Tensor;
  /** Of the decay's logarithm. */
  decay: tf.Tensor;
  bonus: tf.Tensor;
};

/**
 * The gradient in closed form. Backwards over the positions, with G the gradient of the state after a position, S the
 * state before it, d = e^decay and g the output's gradient:
 *
 *     without bonus    G <- G + q gᵀ;   dq = S_t g;                 dk = G v;               dv = Gᵀ k
 *     with bonus u     dq = S g + u k (v · g);   dk = G v + u q (v · g);   dv = Gᵀ k + (q · u k) g;   du += q k (v · g)
 *     in both          ddecay = d Σ_v (G * S);   G <- d G  (with a bonus then + q gᵀ)
 *
 * States are computed again, a chunk at a time, so that memory is linear in time.
 */
export function linearRecurrenceGradient(
  outputGradients: LinearRecurrenceOutputs,
  inputs: LinearRecurrenceInputs,
): {[name in keyof LinearRecurrenceInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const {decay, bonus} = inputs;
    const positions = recurrencePositions(inputs);
    const gs = alongTime(outputGradients.output);
    const starts = chunkStarts(firstState(inputs), positions);
    const found: PositionGradients[] = [];
    let G = outputGradients.state;
    for (let chunk = starts.length - 1; chunk >= 0; chunk--) {
      const [from, to] = [chunk * CHUNK, (chunk + 1) * CHUNK];
      const step = tf.tidy(() =>
        chunkGradients(G, starts[chunk], positions.slice(from, to), gs.slice(from, to), bonus),
      );
      found.unshift(...step.found);
      G = step.before;
    }
    const stacked = (name: keyof PositionGradients) =>
      tf.stack(
        found.map((gradients) => gradients[name]),
        1,
      );
    const summed = (name: keyof PositionGradients) => tf.addN(found.map((gradients) => gradients[name])).sum(0);
    return {
      queries: stacked('q'),
      keys: stacked('k'),
      values: stacked('v'),
      decay: decay.rank === 2 ? summed('decay') : stacked('decay'),
      ...(bonus && {bonus: summed('bonus')}),
      state: G,
    };
  });
}

/** The states before every 32nd position. */
function chunkStarts(first: tf.Tensor, positions: RecurrencePosition[]): tf.Tensor[] {
  const starts = [first];
  for (let end = CHUNK; end < positions.length; end += CHUNK)
    starts.push(tf.tidy(() => positions.slice(end - CHUNK, end).reduce(nextState, starts[starts.length - 1])));
  return starts;
}

/** The gradients of a chunk's positions from its first state and the gradient of its last, and that of the first. */
function chunkGradients(
  last: tf.Tensor,
  start: tf.Tensor,
  positions: RecurrencePosition[],
  gs: tf.Tensor[],
  bonus: tf.Tensor | undefined,
): {found: PositionGradients[]; before: tf.Tensor} {
  const states = [start];
  for (const position of positions.slice(0, -1)) states.push(nextState(states[states.length - 1], position));
  const found: PositionGradients[] = [];
  let G = last;
  for (let t = positions.length - 1; t >= 0; t--) {
    const {before, ...gradients} = positionGradients(G, states[t], positions[t], gs[t], bonus);
    G = before;
    found.unshift(gradients);
  }
  return {found, before: G};
}

function positionGradients(
  G: tf.Tensor,
  S: tf.Tensor,
  position: RecurrencePosition,
  g: tf.Tensor,
  bonus: tf.Tensor | undefined,
): PositionGradients & {before: tf.Tensor} {
  const {q, k, v, kept} = position;
  const after = bonus ? G : G.add(outer(q, g));
  const product = (matrix: tf.Tensor, x: tf.Tensor) => tf.matMul(matrix, x.expandDims(-1)).squeeze([-1]);
  const own = v.mul(g).sum(-1, true);
  const weighted = bonus ? own.mul(bonus) : tf.zerosLike(own);
  const remaining = after.mul(kept);
  const ofBonus = bonus ? q.mul(k) : tf.zerosLike(q);
  return {
    q: product(bonus ? S : nextState(S, position), g).add(k.mul(weighted)),
    k: product(after, v).add(q.mul(weighted)),
    v: readState(k, after).add(bonus ? ofBonus.mul(bonus).sum(-1, true).mul(g) : 0),
    decay: remaining.mul(S).sum(-1),
    bonus: ofBonus.mul(own),
    before: bonus ? remaining.add(outer(q, g)) : remaining,
  };
}
