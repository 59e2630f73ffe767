import {Random, requireGiven} from '@variants/core';
import {requireWhole} from '../checks';
import {ignoreIndex} from '../tasks/task';
import {type BatchSource, batchSource, type TokenBatch} from './batch-source';
import {type TextWindowsOptions, textWindows, textWindowsOptions, type WindowSource} from './text-windows';
import type {TokenWindows} from './token-windows';

/** Options of {@link maskedWindows}. */
export interface MaskedWindowsOptions extends TextWindowsOptions {
  /** The id that stands for a hidden token; one that no text has, such as the tokenizer's vocabSize. */
  maskToken: number;
}

/** What {@link maskedWindows} gives. */
export interface MaskedWindows {
  /** Windows that start anywhere in the training part, without end. */
  training: BatchSource<TokenBatch>;
  /** Windows one behind the other over the part held out. */
  validation: BatchSource<TokenBatch>;
}

/** The share of tokens that are to be predicted. */
const hiddenShare = 0.15;

/**
 * Windows of a text, or of tokens, for masked language models, as {@link textWindows} cuts them. Of each, 15 % of the tokens
 * (at least one) are to be predicted; of those 80 % are hidden behind the mask token, 10 % become any token and 10 % stay
 * (Devlin et al. 2018, section 3.1). Which ones is drawn by seed and number of the example, so that a window is masked in
 * another way each time.
 * @throws DataError when a part is too short for one window
 */
export function maskedWindows(source: WindowSource, given: MaskedWindowsOptions): MaskedWindows {
  requireGiven('maskedWindows', given, ['maskToken', ...textWindowsOptions]);
  const {maskToken, ...options} = given;
  requireWhole('maskedWindows', 'maskToken', maskToken, 0);
  const {training, validation} = textWindows(source, options);
  return {training: masked(training, maskToken), validation: masked(validation, maskToken)};
}

function masked(windows: TokenWindows, maskToken: number): BatchSource<TokenBatch> {
  const {vocabSize, tokens, tokensPerExample, numExamples} = windows;
  const hidden = Math.max(1, Math.round(hiddenShare * tokensPerExample));
  return batchSource<TokenBatch>({
    name: 'maskedWindows',
    kinds: ['masked-language-model'],
    vocabSize: Math.max(vocabSize, maskToken + 1),
    tokensPerExample,
    numExamples,
    fingerprint: () => `${windows.fingerprint?.()}, masked by ${maskToken}`,
    writeExample(index, seed, [inputs], targets) {
      const from = windows.startOf(index, seed);
      inputs.set(tokens.subarray(from, from + tokensPerExample));
      targets.fill(ignoreIndex);
      const random = new Random(seed, 'windows/masks', index);
      for (const place of random.sample(tokensPerExample, hidden)) {
        targets[place] = inputs[place];
        const draw = random.below(10);
        if (draw < 8) inputs[place] = maskToken;
        else if (draw === 8) inputs[place] = random.below(vocabSize);
      }
    },
  });
}
