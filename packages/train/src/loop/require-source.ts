import {ConfigError, type LanguageModel} from '@variants/core';
import type {BatchSource} from '../data/batch-source';

/** Throws a ConfigError when a model does not know all tokens of a source, or cannot see all of an example. */
export function requireSource(model: LanguageModel, source: BatchSource, what: string): void {
  const {vocabSize} = model.config;
  if (source.vocabSize > vocabSize)
    throw new ConfigError(
      `${what} has ${source.vocabSize} different tokens, but the model's vocabSize is ${vocabSize}; make it at least ${source.vocabSize}`,
    );
  const {contextLength} = model;
  if (contextLength !== null && source.tokensPerExample > contextLength)
    throw new ConfigError(
      `${what} has examples of ${source.tokensPerExample} tokens, but the model sees at most ${contextLength}; make them shorter`,
    );
}
