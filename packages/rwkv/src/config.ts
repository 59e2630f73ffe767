import {
  type Field,
  fields,
  type LanguageModelConfig,
  requireDivides,
  requireGivenFields,
  requireOnlyIn,
  resolveFields,
  type StackFields,
  stackFields,
} from '@variants/core';

/** The generations of RWKV. */
export const versions = [4, 5, 6, 7] as const;
/** A generation of RWKV: 4, 5, 6 or 7. */
export type RwkvVersion = (typeof versions)[number];

/** The configuration of an RWKV; defaults are those of the authors' training code, at a smaller size. */
export interface RwkvConfig extends LanguageModelConfig, StackFields {
  /** The generation: 4 "Dove", 5 "Eagle", 6 "Finch", 7 "Goose". Default 7. */
  version: RwkvVersion;
  /** Width A of the time mix. Default hiddenSize. */
  attentionSize: number;
  /** Heads of the time mix. Default: one per 64 of attentionSize, or 1 where that is no multiple of 64. Version 4 has none: 0. */
  numHeads: number;
  /** Rank of what the mixes of version 6 depend on the input by. Default 32; 0 in the others. */
  mixRank: number;
  /** Rank of what the decay depends on the input by. Default 64 in version 6, about 1.8 sqrt(hiddenSize) in 7; 0 in the others. */
  decayRank: number;
  /** The same of version 7's in-context learning rate. Default like decayRank. */
  learningRateRank: number;
  /** The same of how far values of version 7 are those of the first layer. Default about 1.3 sqrt(hiddenSize). */
  valueRank: number;
  /** The same of version 7's gate. Default about 0.6 hiddenSize^0.8. All four are multiples of 32 by default. */
  gateRank: number;
  /** A learned state to begin with (state tuning), of version 6. Default false. */
  initialState: boolean;
  /** What the heads' outputs are divided by before their norm; only its epsilon shows it. Default 8. */
  headSizeDivisor: number;
  /** Width of the channel mix. Default 4 hiddenSize in versions 4 and 7, else 3.5 hiddenSize, down to a multiple of 32. */
  intermediateSize: number;
  /**
   * Hugging Face's guard against overflow in half precision, outside of training: every so many blocks the residual
   * stream is halved, and what is added to it with it. The final norm undoes it but for its epsilon. 0 for never, the
   * default.
   */
  rescaleEvery: number;
  /** In training, how strongly the largest logit of each position is pulled to 0 (the authors' L2Wrap, 1e-4). Default 0. */
  logitPenalty: number;
}

/** What {@link rwkv} takes: everything but vocabSize has a default. */
export type RwkvOptions = Partial<RwkvConfig> & Pick<RwkvConfig, 'vocabSize'>;

const versionField: Field<RwkvVersion> = {
  allowed: `one of ${versions.join(', ')}`,
  accepts: (value) => versions.includes(value as RwkvVersion),
  fallback: 7,
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveRwkvConfig(options: RwkvOptions): RwkvConfig {
  requireGivenFields('rwkv', options);
  const {version = 7, hiddenSize = 512} = options;
  const attentionSize = options.attentionSize ?? hiddenSize;
  const config = resolveFields<RwkvConfig>(
    'rwkv',
    {
      version: versionField,
      vocabSize: fields.count(),
      ...stackFields({hiddenSize, intermediateSize: usualIntermediateSize(version, hiddenSize)}),
      attentionSize: fields.count(attentionSize),
      numHeads: fields.count(version === 4 ? 0 : attentionSize % 64 === 0 ? attentionSize / 64 : 1, 0),
      ...usualRanks(version, hiddenSize),
      initialState: fields.flag(false),
      headSizeDivisor: fields.positive(8),
      rescaleEvery: fields.count(0, 0),
      logitPenalty: fields.notNegative(0),
    },
    options,
  );
  requireOnlyIn('rwkv', config, 'version', versionsWith);
  if (config.numHeads > 0) requireDivides('rwkv', config, 'numHeads', 'attentionSize');
  return config;
}

const usualIntermediateSize = (version: RwkvVersion, hiddenSize: number) =>
  version === 4 || version === 7 ? 4 * hiddenSize : Math.max(32, Math.floor((3.5 * hiddenSize) / 32) * 32);

/** The ranks of the authors' training code. */
function usualRanks(version: RwkvVersion, hiddenSize: number) {
  const near = (rank: number) => 32 * Math.max(1, Math.round(rank / 32));
  const inSeven = (rank: number) => fields.count(version === 7 ? near(rank) : 0, 0);
  const root = Math.sqrt(hiddenSize);
  return {
    mixRank: fields.count(version === 6 ? 32 : 0, 0),
    decayRank: version === 6 ? fields.count(64, 0) : inSeven(1.8 * root),
    learningRateRank: inSeven(1.8 * root),
    valueRank: inSeven(1.3 * root),
    gateRank: inSeven(0.6 * hiddenSize ** 0.8),
  };
}

/** The versions that have what a field is about. */
const versionsWith = {
  numHeads: [5, 6, 7],
  mixRank: [6],
  decayRank: [6, 7],
  learningRateRank: [7],
  valueRank: [7],
  gateRank: [7],
  initialState: [6],
} satisfies {[field in keyof RwkvConfig]?: RwkvVersion[]};

/** All weights counted once. */
export function countParameters(config: RwkvConfig): number {
  const {version, vocabSize, hiddenSize: C, intermediateSize: F, numLayers} = config;
  const channelMix = version === 7 ? C + 2 * C * F : 2 * C + C * C + 2 * C * F;
  const norms = 4 * C;
  const timeMixes = version === 7 ? timeMixes7(config) : numLayers * timeMix4to6(config);
  return 2 * vocabSize * C + timeMixes + numLayers * (channelMix + norms) + 4 * C;
}

function timeMix4to6(config: RwkvConfig): number {
  const {version, hiddenSize: C, attentionSize: A, mixRank, decayRank, initialState, numHeads} = config;
  if (version === 4) return 3 * C + 2 * A + 4 * C * A;
  // Decay, bonus, and weight and bias of the norm.
  const shared = 5 * C * A + 4 * A;
  if (version === 5) return shared + 4 * C;
  const state = initialState ? A * (A / numHeads) : 0;
  return shared + 6 * C + 10 * C * mixRank + (C + A) * decayRank + state;
}

/** Of all layers; the first has no share of another's values. */
function timeMixes7(config: RwkvConfig): number {
  const {hiddenSize: C, attentionSize: A, decayRank, learningRateRank, valueRank, gateRank, numLayers} = config;
  const ranks = decayRank + learningRateRank + gateRank;
  const each = 6 * C + 7 * A + 4 * C * A + (C + A) * ranks;
  return numLayers * each + (numLayers - 1) * (A + (C + A) * valueRank);
}
