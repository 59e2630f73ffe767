import {type DecoderFields, decoderFields, fields, resolveFields} from '@variants/core';

// REPLACE: the fields that the architecture has besides the usual ones, with their docs, defaults and rules.

/** The configuration of a Wide Ffn language model. */
export interface WideFfnConfig extends DecoderFields {
  /** Width V of values and gate. Default hiddenSize. */
  valueSize: number;
}

/** What {@link wideFfn} takes: everything but vocabSize has a default. */
export type WideFfnOptions = Partial<WideFfnConfig> & Pick<WideFfnConfig, 'vocabSize'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveWideFfnConfig(options: WideFfnOptions): WideFfnConfig {
  const hiddenSize = options.hiddenSize ?? 512;
  return resolveFields<WideFfnConfig>(
    'wide-ffn',
    {...decoderFields({hiddenSize}), valueSize: fields.count(hiddenSize)},
    options,
  );
}

/** All weights counted once. */
export function countParameters(config: WideFfnConfig): number {
  const {vocabSize: vocabulary, hiddenSize: D, valueSize: V, intermediateSize: F, numLayers} = config;
  const [mixer, feedForward, norms] = [3 * D * V, 3 * D * F, 2 * D];
  const embeddings = vocabulary * D * (config.tieEmbedding ? 1 : 2);
  return embeddings + numLayers * (mixer + feedForward + norms) + D;
}
