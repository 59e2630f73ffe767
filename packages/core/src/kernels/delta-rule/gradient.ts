import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import {firstState, outer, readState} from '../linear-recurrence/reference';
import {acrossValues, type StepBack, stacked, summed, walkBack} from '../walk-back';
import {type DeltaPosition, deltaPositions, nextDeltaState} from './reference';
import type {DeltaRuleInputs, DeltaRuleOutputs} from './types';

/**
 * The gradient in closed form. Backwards over the positions, with G the gradient of the state after a position, S the
 * state before it, d = e^decay and g the output's gradient:
 *
 *     G <- G + q gᵀ;   dq = S_t g;   dk = G v;   dv = Gᵀ k;   found = Sᵀ a;   dfound = Gᵀ b
 *     db = G found;    da = S dfound;    ddecay = d Σ_v (G * S);    G <- d G + a dfoundᵀ
 */
export function deltaRuleGradient(
  outputGradients: DeltaRuleOutputs,
  inputs: DeltaRuleInputs,
): {[name in keyof DeltaRuleInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const positions = deltaPositions(inputs);
    const gs = alongTime(outputGradients.output);
    const first = firstState(inputs);
    const {found, dFirst} = walkBack(positions, first, outputGradients.state, nextDeltaState, (after, S, t) =>
      back(after, S, positions[t], gs[t]),
    );
    return {
      queries: stacked(found, 'q'),
      keys: stacked(found, 'k'),
      values: stacked(found, 'v'),
      lookups: stacked(found, 'a'),
      corrections: stacked(found, 'b'),
      decay: inputs.decay.rank === 2 ? summed(found, 'decay') : stacked(found, 'decay'),
      state: dFirst,
    };
  });
}

function back(
  after: tf.Tensor,
  S: tf.Tensor,
  position: DeltaPosition,
  g: tf.Tensor,
): StepBack<'q' | 'k' | 'v' | 'a' | 'b' | 'decay'> {
  const {q, k, v, a, b, kept} = position;
  const G = after.add(outer(q, g));
  const [looked, dLooked] = [readState(a, S), readState(b, G)];
  const remaining = G.mul(kept);
  return {
    before: remaining.add(outer(a, dLooked)),
    gradients: {
      q: acrossValues(nextDeltaState(S, position), g),
      k: acrossValues(G, v),
      v: readState(k, G),
      a: acrossValues(S, dLooked),
      b: acrossValues(G, looked),
      decay: remaining.mul(S).sum(-1),
    },
  };
}
