import * as tf from '@tensorflow/tfjs';

/** Which features turn together: neighbours (2i, 2i + 1), or (i, i + size/2). */
export type RotaryPairing = 'interleaved' | 'halves';

/** Turns each pair (u, w) of the last axis into (u cos - w sin, u sin + w cos), composed from tf ops. */
export function rotaryEmbeddingReference(
  x: tf.Tensor,
  cos: tf.Tensor,
  sin: tf.Tensor,
  pairing: RotaryPairing,
): tf.Tensor {
  return tf.tidy(() => {
    const leading = x.shape.slice(0, -1);
    const half = (x.shape[x.rank - 1] as number) / 2;
    const interleaved = pairing === 'interleaved';
    const pairs = x.reshape([...leading, ...(interleaved ? [half, 2] : [2, half])]);
    const axis = interleaved ? pairs.rank - 1 : pairs.rank - 2;
    const [u, w] = tf.unstack(pairs, axis);
    const turned = [u.mul(cos).sub(w.mul(sin)), u.mul(sin).add(w.mul(cos))];
    return tf.stack(turned, axis).reshape(x.shape);
  });
}
