import * as tf from '@tensorflow/tfjs';
import {ConfigError, type ModelKind, requireArgument, type VariantModel} from '@variants/core';
import {type BatchSource, requireBatches, type SourceNeeds} from '../data/batch-source';

/** What a source has as many of as the field of a model's configuration must be at least. */
const leastFields = {
  vocabSize: 'different tokens',
  sourceVocabSize: 'different source tokens',
  targetVocabSize: 'different target tokens',
  numLabels: 'labels',
  numClasses: 'classes',
} as const satisfies {[field in keyof SourceNeeds]: string};

/** What of a source must be what the field of a model's configuration is. */
const equalFields = {
  imageChannels: 'values a pixel',
  inputSize: 'features a frame',
  blank: 'as the blank',
  padToken: 'as padding',
} as const satisfies {[field in keyof SourceNeeds]: string};

/**
 * Throws a ConfigError unless a value is a model that is still there.
 * @param owner Who takes it, for the message.
 */
export function requireModel(owner: string, model: unknown): void {
  const {kind, config, isDisposed} = (model ?? {}) as Partial<VariantModel>;
  const isModel = typeof kind === 'string' && typeof config === 'object' && model instanceof tf.LayersModel;
  const allowed = 'a model of @variants, such as retnet(...) makes; a model of tfjs itself is trained by fit';
  requireArgument(owner, 'the model', model, isModel, allowed);
  if (isDisposed) throw new ConfigError(`${owner}: the model was disposed and has no weights any more`);
}

/**
 * Throws a ConfigError when a source is none, is for another kind of model, or for one that knows more or sees further.
 * @param owner Who takes it, for the message.
 * @param which Names it there: 'the data'.
 */
export function requireSource(model: VariantModel, source: BatchSource, owner: string, which: string): void {
  requireBatches(owner, which, source);
  const what = `${owner}: ${which}`;
  const {kinds = ['language-model']} = source;
  if (!kinds.includes(model.kind))
    throw new ConfigError(`${what} is for ${kinds.map(named).join(' or ')}, but ${model.name} is ${named(model.kind)}`);
  const config = model.config as Partial<Record<keyof SourceNeeds, number | null>>;
  for (const [field, things] of Object.entries(leastFields) as [keyof typeof leastFields, string][]) {
    const [wanted, held] = [source[field] ?? 0, config[field] ?? Infinity];
    if (wanted > held)
      throw new ConfigError(
        `${what} has ${wanted} ${things}, but the model's ${field} is ${held}; make it at least ${wanted}`,
      );
  }
  for (const [field, things] of Object.entries(equalFields) as [keyof typeof equalFields, string][]) {
    const [wanted, held] = [source[field], config[field]];
    // A model without the field takes any.
    if (wanted !== undefined && (held ?? wanted) !== wanted)
      throw new ConfigError(`${what} has ${wanted} ${things}, but the model's ${field} is ${held}; make them the same`);
  }
  const {contextLength} = model;
  const {longestSequence = source.tokensPerExample} = source;
  if (contextLength !== null && longestSequence > contextLength)
    throw new ConfigError(
      `${what} has examples of ${longestSequence} tokens, but the model sees at most ${contextLength}; make them shorter`,
    );
}

/** A kind with its article. */
const named = (kind: ModelKind): string => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
