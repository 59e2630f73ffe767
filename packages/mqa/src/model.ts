import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  LanguageModel,
  loadCheckpoint,
  transformerStages,
} from '@variants/core';
import {layouts} from './checkpoints';
import {type MultiQueryConfig, type MultiQueryOptions, resolveMultiQueryConfig, styles} from './config';

/**
 * A decoder-only Transformer whose heads of queries share heads of keys and values: embedding, blocks, norm, head, of which
 * core's `transformerStages` has the mathematics.
 */
export class MultiQuery extends LanguageModel<MultiQueryConfig> {
  static override readonly className = 'MultiQuery';
  override layout: CheckpointLayout<MultiQueryConfig>;

  constructor(config: MultiQueryOptions) {
    const complete = resolveMultiQueryConfig(config);
    super(complete, transformerStages(complete, styles[complete.family]), {name: 'mqa', beyondStates: ['layout']});
    this.layout = layouts[complete.layout];
  }
}
tf.serialization.registerClass(MultiQuery);

/**
 * A decoder-only language model with fresh weights, one head of keys and values for all of the queries unless
 * `numKeyValueHeads` says otherwise, LLaMA style unless `family` says 'gptBigCode'.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function mqa(config: MultiQueryOptions): MultiQuery {
  return new MultiQuery(config);
}

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `maxSequenceLength` for Meta's files, which have none. */
  config?: Partial<MultiQueryConfig>;
}

/**
 * A model from a checkpoint: GPTBigCode (SantaCoder, StarCoder), LLaMA and Mistral of Hugging Face, LLaMA of Meta, with as
 * many heads of keys and values as it has.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export async function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<MultiQuery> {
  const model = await loadCheckpoint(source, Object.values(layouts), mqa, options);
  model.layout = layouts[model.config.layout];
  return model;
}
