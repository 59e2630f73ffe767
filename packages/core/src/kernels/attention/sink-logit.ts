import * as tf from '@tensorflow/tfjs';
import type {AttentionOutputs} from './types';

/**
 * The output of attention to one more key, which has a logit s and no value, so that a row's weights may sum to less than 1:
 *
 *     P_ij = exp S_ij / (exp s + Σ_j exp S_ij);    output' = P v = output · sigmoid(logSumExp - s)
 *
 * With a learned logit per head it is the attention of gpt-oss (OpenAI 2025), with s = 0 "softmax off by one" (Miller 2023).
 * It never overflows. Differentiable in all of them.
 *
 * @param found What `attention` gave.
 * @param logit s, a scalar or [heads]; not scaled.
 * @returns [batch, heads, queries, value size]
 */
export function withSinkLogit({output, logSumExp}: AttentionOutputs, logit: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const perHead = logit.rank === 0 ? logit : logit.reshape([1, -1, 1]);
    return output.mul(logSumExp.sub(perHead).sigmoid().expandDims(-1));
  });
}
