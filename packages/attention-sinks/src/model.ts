import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  LanguageModel,
  loadCheckpoint,
  transformerStages,
  type VariantLayer,
} from '@variants/core';
import {layouts} from './checkpoints';
import {
  type AttentionSinksConfig,
  type AttentionSinksOptions,
  resolveAttentionSinksConfig,
  styleOf,
  transformerConfig,
} from './config';
import {SinkTokenBody} from './sink-token';

/**
 * A Transformer language model whose streams are endless: it remembers the first tokens and the last, and counts positions
 * among those. One pass over a long text gives what the stream gives, token by token.
 */
export class AttentionSinks extends LanguageModel<AttentionSinksConfig> {
  static override readonly className = 'AttentionSinks';
  override layout: CheckpointLayout<AttentionSinksConfig>;

  constructor(config: AttentionSinksOptions) {
    const complete = resolveAttentionSinksConfig(config);
    super(complete, stages(complete), {name: 'attention-sinks'});
    this.layout = layouts[complete.family];
  }
}
tf.serialization.registerClass(AttentionSinks);

function stages(config: AttentionSinksConfig): VariantLayer[] {
  const layers = transformerStages(transformerConfig(config), styleOf(config));
  const {sinkToken} = config;
  if (sinkToken === null) return layers;
  return [new SinkTokenBody({name: 'body', token: sinkToken}, layers.slice(0, -1)), layers[layers.length - 1]];
}

/**
 * A language model with attention sinks and fresh weights, LLaMA style unless `family` says 'mpt'.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function attentionSinks(config: AttentionSinksOptions): AttentionSinks {
  return new AttentionSinks(config);
}

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `numSinks` and `windowSize`, which files of others have not. */
  config?: Partial<AttentionSinksConfig>;
}

/**
 * A model from a checkpoint of Hugging Face's LlamaForCausalLM or MptForCausalLM, which the authors' code streams with as it
 * is: the method has no weights of its own. Where the files do not say so, there are 4 sinks and a window that fills the
 * context.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<AttentionSinks> {
  return loadCheckpoint(source, Object.values(layouts), attentionSinks, options);
}
