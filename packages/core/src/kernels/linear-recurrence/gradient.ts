import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import {acrossValues, type StepBack, stacked, summed, walkBack} from '../walk-back';
import {firstState, nextState, outer, type RecurrencePosition, readState, recurrencePositions} from './reference';
import type {LinearRecurrenceInputs, LinearRecurrenceOutputs} from './types';

/**
 * The gradient in closed form. Backwards over the positions, with G the gradient of the state after a position, S the
 * state before it, d = e^decay and g the output's gradient:
 *
 *     without bonus    G <- G + q gᵀ;   dq = S_t g;                 dk = G v;               dv = Gᵀ k
 *     with bonus u     dq = S g + u k (v · g);   dk = G v + u q (v · g);   dv = Gᵀ k + (q · u k) g;   du += q k (v · g)
 *     in both          ddecay = d Σ_v (G * S);   G <- d G  (with a bonus then + q gᵀ)
 */
export function linearRecurrenceGradient(
  outputGradients: LinearRecurrenceOutputs,
  inputs: LinearRecurrenceInputs,
): {[name in keyof LinearRecurrenceInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const {decay, bonus} = inputs;
    const positions = recurrencePositions(inputs);
    const gs = alongTime(outputGradients.output);
    const {found, dFirst} = walkBack(positions, firstState(inputs), outputGradients.state, nextState, (after, S, t) =>
      back(after, S, positions[t], gs[t], bonus),
    );
    return {
      queries: stacked(found, 'q'),
      keys: stacked(found, 'k'),
      values: stacked(found, 'v'),
      decay: decay.rank === 2 ? summed(found, 'decay') : stacked(found, 'decay'),
      ...(bonus && {bonus: summed(found, 'bonus')}),
      state: dFirst,
    };
  });
}

function back(
  G: tf.Tensor,
  S: tf.Tensor,
  position: RecurrencePosition,
  g: tf.Tensor,
  bonus: tf.Tensor | undefined,
): StepBack<'q' | 'k' | 'v' | 'decay' | 'bonus'> {
  const {q, k, v, kept} = position;
  const after = bonus ? G : G.add(outer(q, g));
  const own = v.mul(g).sum(-1, true);
  const weighted = bonus ? own.mul(bonus) : tf.zerosLike(own);
  const remaining = after.mul(kept);
  const ofBonus = bonus ? q.mul(k) : tf.zerosLike(q);
  return {
    before: bonus ? remaining.add(outer(q, g)) : remaining,
    gradients: {
      q: acrossValues(bonus ? S : nextState(S, position), g).add(k.mul(weighted)),
      k: acrossValues(after, v).add(q.mul(weighted)),
      v: readState(k, after).add(bonus ? ofBonus.mul(bonus).sum(-1, true).mul(g) : 0),
      decay: remaining.mul(S).sum(-1),
      bonus: ofBonus.mul(own),
    },
  };
}
