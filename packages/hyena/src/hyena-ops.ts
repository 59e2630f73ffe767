/**
 * The Hyena operator: gates and long convolutions in turn (Poli et al. 2023, "Hyena Hierarchy: Towards Larger Convolutional
 * Language Models", arXiv 2302.10866, definition 3.1).
 *
 *     B, T        batch, positions               D      width
 *     N           order, at least 2              h      heads
 *     v           value [B, T, D]                x_i    gates x_0 .. x_{N-1}, [B, T, D] each
 *     k_o         filters k_0 .. k_{N-2}, [taps, D] each
 *     d_o         what is added of a convolution's input, [D] each
 *
 *     v <- v * x_{N-1}
 *     v <- (k_o conv v + d_o v) * x_{N-2-o}      for o = 0 .. N-2
 */
import * as tf from '@tensorflow/tfjs';
import {longConvolution, ShapeError} from '@variants/core';

/** How the parts of {@link recurrence} are computed. */
export interface RecurrenceParts {
  /** Convolution number o of v [B, T, D], its skip term included; times the gate where one is given. */
  convolve(v: tf.Tensor, o: number, gate?: tf.Tensor): tf.Tensor;
  /** What stands for v * x_i, the last gate aside. Default: the product. */
  applyGate?(v: tf.Tensor, gate: tf.Tensor): tf.Tensor;
  /** What follows convolution number o. Default: nothing. */
  mixHeads?(v: tf.Tensor, o: number): tf.Tensor;
}

/** The recurrence over the order, with its parts as the caller wants them. [B, T, D] to the same. */
export function recurrence(
  value: tf.Tensor,
  gates: readonly tf.Tensor[],
  {convolve, applyGate, mixHeads}: RecurrenceParts,
): tf.Tensor {
  const times = applyGate ?? ((v: tf.Tensor, gate: tf.Tensor) => v.mul(gate));
  const last = gates.length - 2;
  let v = times(value, gates[last + 1]);
  for (let o = 0; o <= last; o++) {
    const gate = gates[last - o];
    const isProduct = o === last || !applyGate;
    if (isProduct && !mixHeads) v = convolve(v, o, gate);
    else {
      const convolved = convolve(v, o);
      const mixed = mixHeads ? mixHeads(convolved, o) : convolved;
      v = isProduct ? mixed.mul(gate) : times(mixed, gate);
    }
  }
  return v;
}

/**
 * The Hyena operator's recurrence (definition 3.1), causal, in O(N D T log T):
 *
 *     v <- v * x_{N-1};      v <- (k_o conv v + d_o v) * x_{N-2-o}  for o = 0 .. N-2
 *
 * @param value v [batch, time, width]
 * @param gates x_0 .. x_{N-1}, like v each; the last one is used first.
 * @param filters k_0 .. k_{N-2}, [taps, width] each; tap 0 is of the position itself.
 * @param skips d_0 .. d_{N-2}, [width] each. Default: zeros.
 * @returns [batch, time, width]
 * @throws ShapeError when the numbers or shapes do not go together.
 */
export function hyenaOperator(
  value: tf.Tensor,
  gates: readonly tf.Tensor[],
  filters: readonly tf.Tensor[],
  skips?: readonly tf.Tensor[],
): tf.Tensor {
  if (gates.length < 2 || filters.length !== gates.length - 1 || (skips && skips.length !== filters.length))
    throw new ShapeError(
      `hyena: ${gates.length} gates, ${filters.length} filters and ${skips?.length ?? 'no'} skips do not go together; there must be at least two gates and one filter, and skip if any, less than gates`,
    );
  return tf.tidy(() =>
    recurrence(value, gates, {
      convolve: (v, o, gate) => longConvolution(v, filters[o], {skip: skips?.[o], gate}),
    }),
  );
}
