/**
 * Retention: attention without softmax, in three forms of one function (Sun et al. 2023, "Retentive Network: A Successor
 * to Transformer for Large Language Models", arXiv 2307.08621), with the normalisers of the authors' code (torchscale).
 *
 *     B      batch                     T      positions, n and m count them
 *     H      heads (numHeads)          γ_h    decay of a head, 1 - 2^(-5-h)
 *     dk     size of a key             dv     size of a value
 *     q, k   [B, H, T, dk], rotated by their positions; k scaled by dk^-0.5
 *     v      [B, H, T, dv]
 *     M      decay matrix of a head: γ^(n-m) for m <= n, else 0
 *     S      memory [B, H, dv, dk]: Σ_j γ^(T-1-j) v_j k_jᵀ, divided by sqrt(s)
 *     s      its scale [H]: Σ_j γ^j over the positions seen, (1 - γ^T) / (1 - γ)
 *
 * The forms differ in the length of the vector that they give for a position, never in its direction; the norm over each
 * head that follows takes the length away, but for its epsilon.
 */
import * as tf from '@tensorflow/tfjs';

/** What a stream of retention remembers. */
export type RetentionMemory = {
  /** S, [batch, heads, value size, key size]. */
  keyValue: tf.Tensor;
  /** s, [heads]. */
  scale: tf.Tensor;
};

/** γ_h = 1 - 2^(-5-h) for h = 0 .. numHeads-1 (equation 8). */
export function defaultDecays(numHeads: number): number[] {
  return Array.from({length: numHeads}, (_, h) => 1 - 2 ** (-5 - h));
}

/** One number per head as a tensor that broadcasts over [batch, heads, ..., ...]. */
const perHead = (values: number[]) => tf.tensor(values, [values.length, 1, 1]);

/** value(γ, i) for each head and i = 0 .. length-1: [heads, length, 1]. */
const perHeadAndPosition = (decays: readonly number[], length: number, value: (γ: number, i: number) => number) =>
  tf.tensor(
    decays.flatMap((γ) => Array.from({length}, (_, i) => value(γ, i))),
    [decays.length, length, 1],
  );

/** M, [heads, length, length]. Powers as exp((n - m) log γ): γ^n / γ^m would overflow. */
function decayMatrix(decays: readonly number[], length: number): tf.Tensor3D {
  const values = new Float32Array(decays.length * length * length);
  decays.forEach((γ, h) => {
    for (let n = 0; n < length; n++)
      for (let m = 0; m <= n; m++) values[(h * length + n) * length + m] = Math.exp((n - m) * Math.log(γ));
  });
  return tf.tensor3d(values, [decays.length, length, length]);
}

/** The sum of row i of M, 1 + γ + ... + γ^i. */
const rowSum = (γ: number, i: number) => (1 - γ ** (i + 1)) / (1 - γ);

/** M with each row divided by the root of its sum: what the scores are multiplied with. [heads, length, length] */
export function normalizedDecayMatrix(decays: readonly number[], length: number): tf.Tensor3D {
  return tf.tidy(() => {
    const rootOfSum = perHeadAndPosition(decays, length, (γ, i) => Math.sqrt(rowSum(γ, i)));
    return decayMatrix(decays, length).div(rootOfSum);
  });
}

/** x / divisor, with the divisor a constant for the gradient. */
function divideByConstant(x: tf.Tensor, divisor: tf.Tensor): tf.Tensor {
  const divide = tf.customGrad((numerator, save) => {
    (save as tf.GradSaveFunc)([divisor]);
    return {
      value: (numerator as tf.Tensor).div(divisor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.div(saved[0]),
    };
  });
  return divide(x);
}

/** Σ_m |A[n, m]|, [..., 1]. */
const absoluteSum = (A: tf.Tensor) => A.abs().sum(-1, true);

/**
 * The parallel form (equation 5), quadratic in T:
 *
 *     A = (q kᵀ) * M / sqrt(row sums of M);   A = A / clamp(Σ_m |A[n, m]|, 1, 5e4);   o = A v
 *
 * The last divisor is a constant for the gradient.
 * @returns o [batch, heads, time, value size]
 */
export function retentionParallel(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, decays: readonly number[]): tf.Tensor {
  return tf.tidy(() => {
    const A = tf.matMul(q, k, false, true).mul(normalizedDecayMatrix(decays, q.shape[2] as number));
    return tf.matMul(divideByConstant(A, absoluteSum(A).clipByValue(1, 5e4)), v);
  });
}

/**
 * The chunkwise form (equation 7), linear in T: chunks of c positions, quadratic inside, with a memory R between them.
 * For positions i, j of a chunk, S_i the sum of row i of M [c, c], l_j = M[c-1, j] and L = Σ_j l_j:
 *
 *     A = (q kᵀ) * M / sqrt(S_i)                    isc_i = max(1, Σ_j |A_ij|)
 *     cross = q γ^(i+1) L / sqrt(S_i) · R           osc = max(1, max over dv of Σ over dk of |R|)
 *     o = (A v + cross) / max(isc, osc)             R <- γ^c R + kᵀ (v l_j / L)
 *
 * The divisor max(isc, osc) is a constant for the gradient.
 * @param chunkSize c. Any length T will do: the last chunk is filled up with zeros and cut.
 * @returns o [batch, heads, time, value size]
 */
export function retentionChunkwise(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  chunkSize: number,
): tf.Tensor {
  return tf.tidy(() => {
    const c = chunkSize;
    const time = q.shape[2] as number;
    const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, c));
    const M = normalizedDecayMatrix(decays, c);
    const L = decays.map((γ) => rowSum(γ, c - 1));
    const queryDecay = perHeadAndPosition(decays, c, (γ, i) => γ ** (i + 1) / Math.sqrt(rowSum(γ, i))).mul(perHead(L));
    const valueDecay = perHeadAndPosition(decays, c, (γ, j) => γ ** (c - 1 - j)).div(perHead(L));
    const chunkDecay = perHead(decays.map((γ) => γ ** c));

    let R: tf.Tensor | undefined;
    const outputs = qs.map((q, i) => {
      const A = tf.matMul(q, ks[i], false, true).mul(M);
      const isc = absoluteSum(A).maximum(1);
      const inner = tf.matMul(A, vs[i]);
      const osc = R ? R.abs().sum(2, true).max(3, true).maximum(1) : tf.scalar(1);
      const total = R ? inner.add(tf.matMul(q.mul(queryDecay), R)) : inner;
      const added = tf.matMul(ks[i], vs[i].mul(valueDecay), true, false);
      R = R ? R.mul(chunkDecay).add(added) : added;
      return divideByConstant(total, isc.maximum(osc));
    });
    const whole = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2);
    return whole.slice([0, 0, 0, 0], [-1, -1, time, -1]);
  });
}

/** [batch, heads, time, size] in pieces of c positions, the last one filled up with zeros. */
function chunks(x: tf.Tensor, c: number): tf.Tensor[] {
  const time = x.shape[2] as number;
  const missing = Math.ceil(time / c) * c - time;
  return tf.split(
    missing
      ? x.pad([
          [0, 0],
          [0, 0],
          [0, missing],
          [0, 0],
        ])
      : x,
    (time + missing) / c,
    2,
  );
}

/**
 * One position of the recurrent form (equation 6), at constant cost:
 *
 *     s' = γ s + 1;   S' = (sqrt(s) γ S + v kᵀ) / sqrt(s');   o = S' q
 *
 * @param q, k [batch, heads, 1, key size], v [batch, heads, 1, value size]
 * @param memory Of the positions before; null at the first.
 */
export function retentionStep(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  memory: RetentionMemory | null,
): {output: tf.Tensor; memory: RetentionMemory} {
  return tf.tidy(() => {
    const added = tf.matMul(v, k, true, false);
    if (!memory)
      return {output: tf.matMul(q, added, false, true), memory: {keyValue: added, scale: tf.ones([decays.length])}};
    const scale = memory.scale.mul(tf.tensor1d(decays as number[])).add(1);
    const kept = memory.scale
      .sqrt()
      .mul(tf.tensor1d(decays as number[]))
      .reshape([-1, 1, 1]);
    const keyValue = memory.keyValue
      .mul(kept)
      .add(added)
      .div(scale.sqrt().reshape([-1, 1, 1]));
    return {output: tf.matMul(q, keyValue, false, true), memory: {keyValue, scale}};
  });
}

/**
 * Many positions of the recurrent form at once, linear in T: what feeding them one by one to {@link retentionStep} gives,
 * up to rounding. With R = sqrt(s) S the memory without its divisor and s_i the scale at position i of a piece,
 *
 *     o_i = ((q kᵀ * M) v + γ^(i+1) q Rᵀ) / sqrt(s_i);   R' = γ^c R + Σ_j γ^(c-1-j) v_j k_jᵀ
 *
 * @param pieceSize c, positions that are worked on together. Default 64.
 */
export function retentionRecurrent(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  memory: RetentionMemory | null,
  pieceSize = 64,
): {output: tf.Tensor; memory: RetentionMemory} {
  return tf.tidy(() => {
    const time = q.shape[2] as number;
    const outputs: tf.Tensor[] = [];
    let current = memory;
    for (let start = 0; start < time; start += pieceSize) {
      const length = Math.min(pieceSize, time - start);
      const [qi, ki, vi] = [q, k, v].map((x) => x.slice([0, 0, start, 0], [-1, -1, length, -1]));
      const piece =
        length === 1 ? retentionStep(qi, ki, vi, decays, current) : recurrentPiece(qi, ki, vi, decays, current);
      outputs.push(piece.output);
      current = piece.memory;
    }
    return {output: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2), memory: current as RetentionMemory};
  });
}

function recurrentPiece(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  decays: readonly number[],
  memory: RetentionMemory | null,
): {output: tf.Tensor; memory: RetentionMemory} {
  const c = q.shape[2] as number;
  const power = (exponent: (i: number) => number) => perHeadAndPosition(decays, c, (γ, i) => γ ** exponent(i));
  const inner = tf.matMul(tf.matMul(q, k, false, true).mul(decayMatrix(decays, c)), v);
  const added = tf.matMul(v.mul(power((j) => c - 1 - j)), k, true, false);
  const freshScale = perHeadAndPosition(decays, c, rowSum);
  if (!memory) {
    const last = freshScale.slice([0, c - 1, 0], [-1, 1, 1]);
    return {
      output: inner.div(freshScale.sqrt()),
      memory: {keyValue: added.div(last.sqrt()), scale: last.reshape([-1])},
    };
  }
  const before = memory.scale.reshape([-1, 1, 1]);
  const scales = before.mul(power((i) => i + 1)).add(freshScale);
  const last = scales.slice([0, c - 1, 0], [-1, 1, 1]);
  const R = memory.keyValue.mul(before.sqrt());
  const cross = tf.matMul(q.mul(power((i) => i + 1)), R, false, true);
  const keyValue = R.mul(perHead(decays.map((γ) => γ ** c))).add(added);
  return {
    output: inner.add(cross).div(scales.sqrt()),
    memory: {keyValue: keyValue.div(last.sqrt()), scale: last.reshape([-1])},
  };
}
