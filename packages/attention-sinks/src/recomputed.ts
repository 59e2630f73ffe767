import * as tf from '@tensorflow/tfjs';
import {
  fields,
  type LanguageModel,
  requireGiven,
  requireLanguageModel,
  resolveFields,
  type TokenInput,
  toTokenTensor,
} from '@variants/core';

/** Options of {@link recomputedLogits}. */
export interface RecomputeOptions {
  /** Tokens that are seen at once, the last one included. */
  window: number;
  /** Windows that are computed at once. Default 64. */
  batchSize?: number;
}

/**
 * The window with recomputation, which the paper compares with: for every token a fresh pass over it and the `window` - 1
 * before it, from position 0 on. The first windows are the beginning of the sequence. It takes `window` times the work of
 * a stream.
 * @param model A causal language model that sees `window` tokens.
 * @param tokens [batch, time]
 * @returns Logits [batch, time, vocabulary], which the caller disposes.
 */
export function recomputedLogits(model: LanguageModel, tokens: TokenInput, options: RecomputeOptions): tf.Tensor3D {
  requireLanguageModel('recomputedLogits', model);
  requireGiven('recomputedLogits', options, ['window', 'batchSize']);
  const {window, batchSize} = resolveFields<Required<RecomputeOptions>>(
    'recomputedLogits',
    {window: fields.count(), batchSize: fields.count(64)},
    options,
  );
  return tf.tidy(() => {
    const ids = toTokenTensor(tokens, 'recomputedLogits: tokens', model.config.vocabSize);
    const [batch, time] = ids.shape;
    const parts: tf.Tensor[] = [model.logits(ids.slice([0, 0], [-1, Math.min(window, time)]) as tf.Tensor2D)];
    for (let start = 1; start + window <= time; start += batchSize) {
      const count = Math.min(batchSize, time - window + 1 - start);
      const last = tf.tidy(() => {
        const {logits, state} = model.stream(windowsOf(ids, start, count, window), null, {lastOnly: true});
        state.dispose();
        return logits.reshape([batch, count, -1]);
      });
      parts.push(last);
    }
    return tf.concat(parts, 1) as tf.Tensor3D;
  });
}

/** `count` windows of each row, the first from `start` on, [batch · count, window]. */
function windowsOf(ids: tf.Tensor2D, start: number, count: number, window: number): tf.Tensor2D {
  const places = Int32Array.from({length: count * window}, (_, i) => start + Math.floor(i / window) + (i % window));
  return tf.gather(ids, tf.tensor1d(places, 'int32'), 1).reshape([-1, window]) as tf.Tensor2D;
}
