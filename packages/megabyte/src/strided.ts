import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors, type TokenInput} from '@variants/core';
import {PatchedModel, type PatchedModelConfig} from './patched-model';

/**
 * Logits by strided inference (Yu et al. 2023, section 2.3.2): the tokens of a patch are the harder to predict the further
 * back in it they lie, so the model reads the sequence a second time with its patches shifted by half of one, and of each
 * prediction the pass counts in which it stands further in front. Twice the cost, better predictions; those of the first half
 * patch are the first pass's.
 *
 * A patch here is one of the local model. The loss of what it gives is `model.criterion(stridedLogits(model, tokens), targets)`.
 *
 * @param model A MegaByte of either form.
 * @param tokens [batch, time], at most as many as the model sees.
 * @returns [batch, time, vocabulary]; at each token those of the next. The caller disposes them.
 */
export function stridedLogits(model: PatchedModel<PatchedModelConfig>, tokens: TokenInput): tf.Tensor3D {
  const allowed = 'a MegaByte, such as megabyte() gives';
  requireArgument('stridedLogits', 'the model', model, model instanceof PatchedModel, allowed);
  if (tokens instanceof tf.Tensor) requireTensors('stridedLogits', {tokens});
  return tf.tidy(() => {
    const first = model.logits(tokens);
    const [batch, time, vocabSize] = first.shape;
    const shift = Math.floor(model.patchSize / 2);
    if (shift === 0 || time <= shift) return first;
    const later =
      tokens instanceof tf.Tensor ? tokens.slice([0, shift], [batch, time - shift]) : rowsFrom(tokens, shift);
    const second = tf.concat([tf.zeros([batch, shift, vocabSize]), model.logits(later)], 1);
    const isSecond = Array.from({length: time}, (_, t) =>
      t >= shift && model.placeOf(t - shift) < model.placeOf(t) ? 1 : 0,
    );
    return tf.where(tf.tensor3d(isSecond, [1, time, 1], 'bool'), second, first) as tf.Tensor3D;
  });
}

/** Rows of ids without their first. */
function rowsFrom(tokens: Exclude<TokenInput, tf.Tensor>, start: number): number[][] {
  const rows = typeof tokens[0] === 'number' ? [tokens as ArrayLike<number>] : (tokens as readonly ArrayLike<number>[]);
  return rows.map((row) => Array.from(row).slice(start));
}
