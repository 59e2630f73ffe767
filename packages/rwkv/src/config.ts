import {type Field, fields, type LanguageModelConfig, requireConfig, resolveFields} from '@variants/core';

/** The generations of RWKV. */
export const versions = [4, 5, 6] as const;
/** A generation of RWKV: 4, 5 or 6. */
export type RwkvVersion = (typeof versions)[number];

/** The configuration of an RWKV; defaults are those of the authors' training code, at a smaller size. */
export interface RwkvConfig extends LanguageModelConfig {
  /** The generation: 4 "Dove", 5 "Eagle", 6 "Finch". Default 6. */
  version: RwkvVersion;
  /** Number of different tokens. */
  vocabSize: number;
  /** Width C. Default 512. */
  hiddenSize: number;
  /** Default 6. */
  numLayers: number;
  /** Width A of the time mix. Default hiddenSize. */
  attentionSize: number;
  /** Heads of the time mix. Default: one per 64 of attentionSize, or 1 where that is no multiple of 64. Version 4 has none: 0. */
  numHeads: number;
  /** Rank of what the mixes of version 6 depend on the input by. Default 32; 0 in the others. */
  mixRank: number;
  /** Rank of what the decay of version 6 depends on the input by. Default 64; 0 in the others. */
  decayRank: number;
  /** A learned state to begin with (state tuning), of version 6. Default false. */
  initialState: boolean;
  /** What the heads' outputs are divided by before their norm; only its epsilon shows it. Default 8. */
  headSizeDivisor: number;
  /** Width of the channel mix. Default 4 hiddenSize in version 4, else 3.5 hiddenSize, down to a multiple of 32. */
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
  fallback: 6,
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
  const {version = 6, hiddenSize = 512} = options;
  const attentionSize = options.attentionSize ?? hiddenSize;
  const config = resolveFields<RwkvConfig>(
    'rwkv',
    {
      version: versionField,
      vocabSize: fields.count(),
      hiddenSize: fields.count(hiddenSize),
      numLayers: fields.count(6),
      attentionSize: fields.count(attentionSize),
      numHeads: fields.count(version === 4 ? 0 : attentionSize % 64 === 0 ? attentionSize / 64 : 1, 0),
      mixRank: fields.count(version === 6 ? 32 : 0, 0),
      decayRank: fields.count(version === 6 ? 64 : 0, 0),
      initialState: fields.flag(false),
      headSizeDivisor: fields.positive(8),
      intermediateSize: fields.count(usualIntermediateSize(version, hiddenSize)),
      normEpsilon: fields.positive(1e-5),
      rescaleEvery: fields.count(0, 0),
      logitPenalty: notNegative,
      dropout: fields.rate(0),
      seed: fields.count(0, 0),
    },
    options,
  );
  assertOfVersion(config);
  return config;
}

const usualIntermediateSize = (version: RwkvVersion, hiddenSize: number) =>
  version === 4 ? 4 * hiddenSize : Math.max(32, Math.floor((3.5 * hiddenSize) / 32) * 32);

/** The versions that have what a field is about. */
const versionsWith = {
  numHeads: [5, 6],
  mixRank: [6],
  decayRank: [6],
} satisfies {[field: string]: RwkvVersion[]};

function assertOfVersion(config: RwkvConfig): void {
  const {version, numHeads, attentionSize, initialState} = config;
  for (const [field, having] of Object.entries(versionsWith)) {
    const value = config[field as keyof typeof versionsWith];
    const isThere = (having as RwkvVersion[]).includes(version);
    const allowed = isThere ? 'at least 1' : `0, as version ${version} has none`;
    requireConfig(value > 0 === isThere, 'rwkv', `${field} is ${value}, but must be ${allowed}`);
  }
  requireConfig(
    numHeads === 0 || attentionSize % numHeads === 0,
    'rwkv',
    `numHeads is ${numHeads}, but must divide attentionSize ${attentionSize}`,
  );
  requireConfig(
    !initialState || version === 6,
    'rwkv',
    `initialState is true, but must be false, as version ${version} has none`,
  );
}

/** All weights counted once. */
export function countParameters(config: RwkvConfig): number {
  const {vocabSize, hiddenSize: C, intermediateSize: F, numLayers} = config;
  const channelMix = 2 * C + C * C + 2 * C * F;
  const norms = 4 * C;
  return 2 * vocabSize * C + numLayers * (timeMixParameters(config) + channelMix + norms) + 4 * C;
}

function timeMixParameters(config: RwkvConfig): number {
  const {version, hiddenSize: C, attentionSize: A, mixRank, decayRank, initialState, numHeads} = config;
  if (version === 4) return 3 * C + 2 * A + 4 * C * A;
  // Decay, bonus, and weight and bias of the norm.
  const shared = 5 * C * A + 4 * A;
  if (version === 5) return shared + 4 * C;
  const state = initialState ? A * (A / numHeads) : 0;
  return shared + 6 * C + 10 * C * mixRank + (C + A) * decayRank + state;
}
