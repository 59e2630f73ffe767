import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, VariantsError} from '@variants/core';
import {assertClose} from '../assert';
import {longestTime, randomTokens, withFreshModel, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** How far from each other rows may be that are padded and alone, relative to the largest logit. */
const tolerance = 2e-5;

/** Padding before a shorter prompt leaves no trace: not in what comes out, and not in what a stream remembers. */
export const leftPadding: Law = {
  name: 'computes a prompt behind padding as if it were alone, and the tokens after it, if it takes a mask',
  kinds: ['language-model'],
  async check(subject: Subject) {
    for (const withWeights of [withFreshModel, withModel])
      await withWeights(subject, (model: LanguageModel) => {
        const longest = longestTime(subject, model);
        const pieces = [Math.max(1, longest - 3), 1, 1];
        // None, one, several, and all but one position are padding.
        const [time] = pieces;
        for (const lead of [...new Set([0, 1, Math.floor(time / 2), time - 1])]) checkLead(model, pieces, lead);
      });
  },
};

function checkLead(model: LanguageModel, pieces: readonly number[], lead: number): void {
  const [time] = pieces;
  const total = Math.min(
    pieces.reduce((sum, length) => sum + length, 0),
    model.contextLength ?? Number.POSITIVE_INFINITY,
  );
  // What stands in place of padding is any token.
  const rows = randomTokens(model, 2, total, 11 + lead);
  const values = Array.from({length: 2 * time}, (_, i) => (i < lead ? 0 : 1));
  const takesMask = tf.tidy(() => {
    const attentionMask = tf.tensor2d(values, [2, time]);
    const prompts = rows.map((row) => row.slice(0, time));
    const logits = unlessRefused(() => model.logits(prompts, {attentionMask}));
    if (logits) assertRow(model, logits, rows[0], lead, time, 'logits');
    return logits !== undefined;
  });
  if (!takesMask) return;
  tf.tidy(() => {
    const attentionMask = tf.tensor2d(values, [2, time]);
    let {logits, state} = model.stream(
      rows.map((row) => row.slice(0, time)),
      null,
      {attentionMask},
    );
    const all = [logits];
    for (let t = time; t < total; t++) {
      ({logits, state} = model.stream(
        rows.map((row) => [row[t]]),
        state,
      ));
      all.push(logits);
    }
    state.dispose();
    assertRow(model, tf.concat(all, 1), rows[0], lead, total, 'a stream');
  });
}

/** The first row behind its padding, and the same tokens alone, in the same form. */
function assertRow(model: LanguageModel, padded: tf.Tensor, row: number[], lead: number, time: number, form: string) {
  const tokens = [row.slice(lead, time)];
  const alone = () => {
    if (form === 'logits') return model.logits(tokens);
    const {logits, state} = model.stream(tokens);
    state.dispose();
    return logits;
  };
  const behind = padded.slice([0, lead, 0], [1, time - lead, -1]);
  assertClose(behind.dataSync(), alone().dataSync(), tolerance, `${form} behind ${lead} of padding`);
}

/** What a model gives, or nothing where it says that it takes no mask. */
function unlessRefused<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof VariantsError && /attentionMask|padded/.test(error.message)) return undefined;
    throw error;
  }
}
