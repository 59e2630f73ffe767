import * as tf from '@tensorflow/tfjs';

/** Matrices [..., n, n] with zeros above their diagonals. */
export function lowerTriangle(matrices: tf.Tensor): tf.Tensor {
  const n = matrices.shape[matrices.rank - 1] as number;
  return tf.tidy(() => {
    const [rows, columns] = [tf.range(0, n).expandDims(1), tf.range(0, n)];
    return matrices.mul(rows.greaterEqual(columns).toFloat());
  });
}

/**
 * The inverses of lower triangular matrices [count, n, n], by halves,
 *
 *     [A 0; C B]^-1 = [A^-1 0; -B^-1 C A^-1  B^-1]
 *
 * which rounds like substitution row by row, in log2(n) steps.
 */
export function inverseOfTriangles(matrices: tf.Tensor3D): tf.Tensor3D {
  const [count, n] = matrices.shape;
  return tf.tidy(() => {
    if (n === 1) return tf.onesLike(matrices).div(matrices);
    const half = Math.ceil(n / 2);
    const rest = n - half;
    const [A, B] = [
      matrices.slice([0, 0, 0], [count, half, half]),
      matrices.slice([0, half, half], [count, rest, rest]),
    ].map((block) => inverseOfTriangles(block));
    const C = matrices.slice([0, half, 0], [count, rest, half]);
    const corner = tf.matMul(tf.matMul(B, C), A).neg();
    const top = A.pad([
      [0, 0],
      [0, 0],
      [0, rest],
    ]);
    return tf.concat([top, tf.concat([corner, B], 2)], 1) as tf.Tensor3D;
  });
}
