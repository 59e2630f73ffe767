import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '../../src/models/language-model';

/** Tokens of two sequences. */
export const rows = [
  [1, 7, 3, 3, 10, 0],
  [2, 2, 9, 4, 8, 5],
];

/** Targets for {@link rows}, some of which are not to be predicted. */
export const targets = [
  [7, 3, -100, 10, 0, 4],
  [2, 9, 4, 8, 5, -100],
];

export const names = (model: tf.LayersModel) => model.weights.map((weight) => weight.originalName);
export const valuesOf = (model: tf.LayersModel) => model.getWeights().map((weight) => weight.dataSync());

/** Mean cross entropy and share of right tokens by definition, in double precision, over targets other than -100. */
export function score(model: LanguageModel, tokens: number[][], wanted: number[][]): {loss: number; acc: number} {
  const logits = tf.tidy(() => model.logits(tokens).arraySync());
  const losses: number[] = [];
  let right = 0;
  wanted.forEach((row, b) => {
    row.forEach((target, t) => {
      if (target === -100) return;
      const sum = logits[b][t].reduce((total, logit) => total + Math.exp(logit), 0);
      losses.push(Math.log(sum) - logits[b][t][target]);
      if (logits[b][t].every((logit) => logit <= logits[b][t][target])) right++;
    });
  });
  return {loss: losses.reduce((total, loss) => total + loss, 0) / losses.length, acc: right / losses.length};
}
