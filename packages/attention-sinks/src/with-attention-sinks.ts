import type * as tf from '@tensorflow/tfjs';
import {
  type BlockDescription,
  ConfigError,
  fields,
  type LanguageModel,
  type LanguageModelConfig,
  LearnedPositions,
  MixedLanguageModel,
  requireLanguageModel,
  requireOptions,
  resolveFields,
  SelfAttention,
  SinusoidalPositions,
  TransformerBlock,
  withInitialization,
} from '@variants/core';
import {type CacheSize, requireFits, sightOf, windowField} from './config';
import {AttentionSinks} from './model';

/** Options of {@link withAttentionSinks}. */
export type WithAttentionSinksOptions = Partial<CacheSize>;

const who = 'withAttentionSinks';

/**
 * A causal attention language model, of whichever package, as one whose streams are endless: it remembers the first
 * `numSinks` tokens and the last `windowSize`, and counts positions among those (Xiao et al. 2023, StreamingLLM). Nothing is
 * trained: up to numSinks + windowSize + 1 tokens it gives what the given model gives.
 *
 * The new model is of the same class. Its weights are copies of the given one's, which share their memory for as long as
 * neither changes: training one leaves the other as it is. Both are to be disposed.
 *
 * @param model With rotary positions, ALiBi or none; of mixed blocks those with attention change, the others remember as they
 *   do.
 * @param options numSinks, default 4 (1 may do for a model that was trained with a token of its own for it); windowSize,
 *   default what fills the length that the model was trained for, or 1020. With numSinks 0 it is plain window attention.
 * @throws ConfigError where the model has absolute positions or no attention, or the cache is longer than the model's
 *   maxSequenceLength.
 */
export function withAttentionSinks<Model extends LanguageModel>(
  model: Model,
  options: WithAttentionSinksOptions = {},
): Model {
  requireLanguageModel(who, model);
  requireOptions(who, options, ['numSinks', 'windowSize']);
  requireRelativePositions(model);
  const endless = endlessConfigs(model);
  const context = contextOf(model);
  const usual = context ?? (options.windowSize ?? 1020) + (options.numSinks ?? 4);
  const numSinks = options.numSinks ?? Math.min(4, Math.max(0, usual - 1));
  const rules = {numSinks: fields.count(numSinks, 0), windowSize: windowField(Math.max(1, usual - numSinks))};
  const size = resolveFields<CacheSize>(who, rules, options);
  requireFits(who, size, context);
  return copyOf(model, endless(size));
}

/** How many tokens the model was made to see; null where nobody says. */
function contextOf({config, contextLength}: LanguageModel): number | null {
  // A model whose streams are endless has been trained on some length all the same.
  return (config as LanguageModelConfig & {maxSequenceLength?: number | null}).maxSequenceLength ?? contextLength;
}

function requireRelativePositions({name, layers}: LanguageModel): void {
  if (layers.some((layer) => layer instanceof LearnedPositions || layer instanceof SinusoidalPositions))
    throw new ConfigError(
      `${who}: ${name} adds a position of its own to each token, which cannot be counted in the cache; a model must have rotary positions, ALiBi or none`,
    );
}

/** The model's configuration with a cache of a size, and no end. */
function endlessConfigs(model: LanguageModel): (size: CacheSize) => object {
  if (model instanceof AttentionSinks) return (size) => ({...model.config, ...size, cache: 'rolling'});
  if (model instanceof MixedLanguageModel) {
    const {blocks} = model.config;
    if (blocks.some(({className}) => className in attentionOf))
      return (size) => ({...model.config, blocks: blocks.map((block) => endlessBlock(block, size))});
  } else if ('cachePositions' in model.config)
    return (size) => ({...model.config, ...sightOf(size), maxSequenceLength: null});
  throw new ConfigError(
    `${who}: ${model.name} has no attention that can keep sinks; a model must be made of core's SelfAttention, with the fields window, sinks and cachePositions`,
  );
}

type BlockConfig = BlockDescription['config'];

/** Where the options of attention stand in blocks of core, by their class: changes them. */
const attentionOf: {[className: string]: (config: BlockConfig, change: (attention: object) => object) => BlockConfig} =
  {
    [SelfAttention.className]: (config, change) => ({...change(config)}),
    [TransformerBlock.className]: (config, change) => ({...config, attention: change(config.attention as object)}),
  };

/** A block with such a cache where it has attention; else the block itself. */
function endlessBlock({className, config}: BlockDescription, size: CacheSize): BlockDescription {
  const endless = (attention: object) => ({...attention, ...sightOf(size), maxSequenceLength: null});
  return {className, config: attentionOf[className]?.(config, endless) ?? config};
}

/** A model of the same class with another configuration and the same weights. */
function copyOf<Model extends LanguageModel>(model: Model, config: object): Model {
  const create = model.constructor as new (config: object) => Model;
  // Weights that are set next need no first values.
  const copy = withInitialization({allocateOnly: true}, () => new create(config));
  const values = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
  for (const weight of copy.weights) weight.write(values.get(weight.originalName) as tf.Tensor);
  copy.layout = model.layout;
  return copy;
}
