import * as tf from '@tensorflow/tfjs';

/**
 * The error function, composed from ops that every backend has (tfjs's wasm backend has no Erf). Abramowitz and Stegun
 * 7.1.26, absolute error below 1.5e-7: erf x = 1 - (a1 t + ... + a5 t⁵) exp(-x²), t = 1/(1 + p x), for x >= 0; odd.
 */
export function erf(x: tf.Tensor): tf.Tensor {
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  return tf.tidy(() => {
    const magnitude = x.abs();
    const t = magnitude.mul(0.3275911).add(1).reciprocal();
    let polynomial: tf.Tensor = tf.zerosLike(x);
    for (const a of coefficients) polynomial = polynomial.add(a).mul(t);
    return x.sign().mul(tf.sub(1, polynomial.mul(magnitude.square().neg().exp())));
  });
}

/** x Φ(x) with Φ the normal distribution function, exact or in its tanh approximation. */
export function geluReference(x: tf.Tensor, approximate: boolean): tf.Tensor {
  return tf.tidy(() => x.mul(normalDistribution(x, approximate)));
}

const tanhArgument = (x: tf.Tensor) => x.add(x.pow(3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));

/** Φ(x), [..., features]. */
function normalDistribution(x: tf.Tensor, approximate: boolean): tf.Tensor {
  return (approximate ? tanhArgument(x).tanh() : erf(x.mul(Math.SQRT1_2))).add(1).mul(0.5);
}

/** The derivative: Φ(x) + x φ(x), φ the density that belongs to Φ. */
export function geluDerivative(x: tf.Tensor, approximate: boolean): tf.Tensor {
  return tf.tidy(() => {
    const distribution = normalDistribution(x, approximate);
    const density = approximate
      ? // dΦ/dx with Φ = (1 + tanh u)/2: (1 - tanh² u)/2 · du/dx
        tf
          .sub(1, tanhArgument(x).tanh().square())
          .mul(0.5 * Math.sqrt(2 / Math.PI))
          .mul(
            x
              .square()
              .mul(3 * 0.044715)
              .add(1),
          )
      : x
          .square()
          .mul(-0.5)
          .exp()
          .mul(1 / Math.sqrt(2 * Math.PI));
    return distribution.add(x.mul(density));
  });
}
