import * as tf from '@tensorflow/tfjs';

/**
 * The definition, in double precision: y[b, t, c] = Σ a v over t', a the softmax of k[b, t', c] + w(t, t', c), of those t'
 * that `w` gives no null for.
 */
export function averageByDefinition(
  keys: tf.Tensor,
  values: tf.Tensor,
  w: (t: number, u: number, channel: number) => number | null,
): tf.Tensor {
  const [batch, time, channels] = values.shape as number[];
  const perKey = channels / (keys.shape[2] as number);
  const [K, V] = [keys, values].map((x) => x.arraySync() as number[][][]);
  const y = tf.buffer([batch, time, channels]);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < time; t++) {
        const terms = Array.from({length: time}, (_, u) => ({bias: w(t, u, c), u})).flatMap(({bias, u}) =>
          bias === null ? [] : [{score: K[b][u][Math.floor(c / perKey)] + bias, value: V[b][u][c]}],
        );
        const most = Math.max(...terms.map(({score}) => score));
        const weights = terms.map(({score}) => Math.exp(score - most));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        y.set(terms.reduce((sum, {value}, i) => sum + weights[i] * value, 0) / total, b, t, c);
      }
  return y.toTensor();
}
