import type {LanguageModel} from '@variants/core';
import {assert} from '../assert';
import {logitsOf, longestTime, streamTolerance, withModel} from '../models';
import type {Law} from '../subject';

async function generated(model: LanguageModel, prompt: number[], options: object): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of model.generate(prompt, options)) tokens.push(token);
  return tokens;
}

/** Without chance, generation takes the most probable token, time and again. */
export const greedyGeneration: Law = {
  name: 'generates, at temperature 0, the most probable token after all before it',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, async (model: LanguageModel) => {
      const prompt = [0];
      const maxTokens = Math.min(6, longestTime(subject, model) - prompt.length);
      const tokens = await generated(model, prompt, {maxTokens, temperature: 0});
      assert(tokens.length === maxTokens, `${tokens.length} tokens instead of ${maxTokens}`);
      for (let i = 0; i < tokens.length; i++) {
        const logits = logitsOf(model, [[...prompt, ...tokens.slice(0, i)]]).slice(-model.config.vocabSize);
        const [chosen, best] = [logits[tokens[i]], Math.max(...logits)];
        assert(
          chosen >= best - streamTolerance(subject) * Math.abs(best),
          `token ${i} is ${tokens[i]}, with the logit ${chosen}, not ${best}`,
        );
      }
    }),
};

/** A seed fixes what is generated. */
export const seededGeneration: Law = {
  name: 'generates the same tokens for the same seed',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, async (model: LanguageModel) => {
      const maxTokens = Math.min(8, longestTime(subject, model) - 1);
      const [one, two] = [
        await generated(model, [1], {maxTokens, seed: 5}),
        await generated(model, [1], {maxTokens, seed: 5}),
      ];
      assert(one.join() === two.join(), `the same seed gave ${one} and ${two}`);
      assert(
        one.every((token) => token >= 0 && token < model.config.vocabSize),
        `${one} are no tokens`,
      );
    }),
};
