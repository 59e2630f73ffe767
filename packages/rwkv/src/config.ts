import {type Field, fields, type LanguageModelConfig, resolveFields} from '@variants/core';

/** The generations of RWKV. */
export const versions = [4] as const;
export type RwkvVersion = (typeof versions)[number];

/** The configuration of an RWKV; defaults are those of the authors' training code, at a smaller size. */
export interface RwkvConfig extends LanguageModelConfig {
  /** The generation: 4, "Dove". */
  version: RwkvVersion;
  /** Number of different tokens. */
  vocabSize: number;
  /** Width C. Default 512. */
  hiddenSize: number;
  /** Default 6. */
  numLayers: number;
  /** Width A of the time mix. Default hiddenSize. */
  attentionSize: number;
  /** Width of the channel mix. Default 4 hiddenSize. */
  intermediateSize: number;
  /** Epsilon of the layer norms. Default 1e-5. */
  normEpsilon: number;
  /**
   * Hugging Face's guard against overflow in half precision, outside of training: every so many blocks the residual
   * stream is halved, and what is added to it with it. The final norm undoes it but for its epsilon. 0 for never, the
   * default.
   */
  rescaleEvery: number;
  /** In training, how strongly the largest logit of each position is pulled to 0 (the authors' L2Wrap, 1e-4). Default 0. */
  logitPenalty: number;
  /** Dropout behind both mixes. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
}

/** What {@link rwkv} takes: everything but vocabSize has a default. */
export type RwkvOptions = Partial<RwkvConfig> & Pick<RwkvConfig, 'vocabSize'>;

const versionField: Field<RwkvVersion> = {
  allowed: `one of ${versions.join(', ')}`,
  accepts: (value) => versions.includes(value as RwkvVersion),
  fallback: 4,
};

const notNegative: Field<number> = {
  allowed: 'a number of at least 0',
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  fallback: 0,
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveConfig(options: RwkvOptions): RwkvConfig {
  const hiddenSize = options.hiddenSize ?? 512;
  return resolveFields<RwkvConfig>(
    'rwkv',
    {
      version: versionField,
      vocabSize: fields.count(),
      hiddenSize: fields.count(hiddenSize),
      numLayers: fields.count(6),
      attentionSize: fields.count(hiddenSize),
      intermediateSize: fields.count(4 * hiddenSize),
      normEpsilon: fields.positive(1e-5),
      rescaleEvery: fields.count(0, 0),
      logitPenalty: notNegative,
      dropout: fields.rate(0),
      seed: fields.count(0, 0),
    },
    options,
  );
}

/** All weights counted once. */
export function countParameters(config: RwkvConfig): number {
  const {vocabSize, hiddenSize: C, attentionSize: A, intermediateSize: F, numLayers} = config;
  const timeMix = 3 * C + 2 * A + 4 * C * A;
  const channelMix = 2 * C + C * C + 2 * C * F;
  const norms = 4 * C;
  return 2 * vocabSize * C + numLayers * (timeMix + channelMix + norms) + 4 * C;
}
