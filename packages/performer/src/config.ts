import {
  type DecoderFields,
  decoderFields,
  type EncoderConfig,
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type StackFields,
  stackFields,
  usualHeads,
} from '@variants/core';
import type {NormKind} from './layers/norms';
import type {PositionKind} from './layers/positions';
import type {PaddingForm, Stabilizer} from './ops/favor-attention';
import {type FeatureKind, featureKinds} from './ops/features';
import {defaultChunkSize} from './ops/linear-attention';
import {type LocalForm, localForms} from './ops/local-attention';
import {defaultNumFeatures} from './ops/projection';

/** The fields of a stack of Performer's blocks, causal or not, beside hiddenSize. */
export interface PerformerStackFields extends Omit<StackFields, 'hiddenSize' | 'seed'> {
  /** Default: as many as hiddenSize can be cut into with 64 features or more each. */
  numHeads: number;
  /** Features d of a head, which need not be hiddenSize / numHeads. Default hiddenSize / numHeads. */
  headSize: number;
  /** m, random features of a head. Default int(d ln d), at least 1. */
  numFeatures: number;
  /**
   * What they are features of: 'softmax' approximates softmax attention; 'relu', 'exp', 'gelu' and 'elu' are kernels of their
   * own (the paper's proteins are best with 'relu'); 'none' has no random features. Default 'softmax'.
   */
  features: FeatureKind;
  /**
   * Calls in training after which directions are drawn anew; null: the first ones stay. Default 1000.
   */
  redrawInterval: number | null;
  /** How positions are told apart: sinusoids and rotary heads, a learned vector each, or rows and columns. Default 'rotary'. */
  positions: PositionKind;
  /** Rows and columns, with positions 'axial' alone. Default: as many rows of 64 as maxSequenceLength needs. */
  axialShape: readonly [number, number] | null;
  /** The longest sequence; null for no limit, with positions 'rotary' alone. Default: null, with other positions 1024. */
  maxSequenceLength: number | null;
  /** The last heads of each block, or of each in turn, that are softmax attention in windows. Default 0. */
  localHeads: number | readonly number[];
  /** Positions of a window. Default 256. */
  localWindow: number;
  /**
   * What becomes of padding. 'hidden': no trace of it is left. 'valueless', as in the widely used implementation: its values
   * are zeros, and the rest of it counts. Default 'hidden'.
   */
  padding: PaddingForm;
  /** 'layer': LayerNorms; 'scale': ScaleNorms; 'rezero': none, and a factor that begins at 0.001. Default 'layer'. */
  norm: NormKind;
  /** Gates the feed-forwards. Default false. */
  gated: boolean;
  /** Lets some features of each token be those of its neighbours, before each part of a block. Default false. */
  shiftTokens: boolean;
  /** Two streams, of which each part of a block reads one and adds to the other. Default false. */
  reversible: boolean;
  /** Biases on queries, keys and values. Default false. */
  useBias: boolean;
  /** Biases on what attention gives. Default false. */
  useOutputBias: boolean;
}

/** The fields that causal stacks alone have. */
export interface CausalFields {
  /**
   * What exponentials of keys are relative to. 'running': the largest so far, so that no output depends on what comes later.
   * 'sequence': the largest of all, as in the widely used implementation, through which a trace of the future leaks; streams
   * have 'running' all the same. Default 'running'.
   */
  stabilizer: Stabilizer;
  /** Positions of a chunk of a whole sequence, which says how fast it is and nothing else. Default 128. */
  chunkSize: number;
}

/** The fields that stacks that look both ways alone have. */
export interface BothWaysFields {
  /**
   * What windows of local heads see beside tokens: nothing ('exact'), or what those of versions of the package local-attention
   * see. Default 'exact'.
   */
  localForm: LocalForm;
}

/** The configuration of a causal Performer. */
export interface PerformerConfig
  extends Omit<DecoderFields, keyof PerformerStackFields>,
    PerformerStackFields,
    CausalFields {}

/** What {@link performer} takes: everything but vocabSize has a default. */
export type PerformerOptions = Partial<PerformerConfig> & Pick<PerformerConfig, 'vocabSize'>;

/** The configuration of a Performer that looks both ways. */
export interface PerformerMaskedConfig
  extends Omit<DecoderFields, keyof PerformerStackFields>,
    PerformerStackFields,
    BothWaysFields,
    Omit<EncoderConfig, 'typeVocabSize' | 'maxSequenceLength'> {
  /** The id that fills up shorter rows; null: there is none. Default null. */
  padToken: number | null;
}

/** What {@link performerMasked} takes: everything but vocabSize has a default. */
export type PerformerMaskedOptions = Partial<PerformerMaskedConfig> & Pick<PerformerMaskedConfig, 'vocabSize'>;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const localHeadsField: Field<number | readonly number[]> = {
  allowed: 'a whole number of at least 0, or a list of one for each block',
  accepts: (value) => isCount(value) || (Array.isArray(value) && value.length > 0 && value.every(isCount)),
  fallback: 0,
};

const axialShapeField = (fallback: readonly [number, number] | null): Field<readonly [number, number] | null> => ({
  allowed: 'a list of two whole numbers of at least 1, or nothing',
  accepts: (value) =>
    value === null || (Array.isArray(value) && value.length === 2 && value.every((one) => isCount(one) && one > 0)),
  fallback,
});

/** The rules of {@link PerformerStackFields}; some defaults follow from other fields. */
export function stackRules(options: Partial<PerformerStackFields>, hiddenSize: number): Fields<PerformerStackFields> {
  const {hiddenSize: _, seed: __, ...stack} = stackFields({hiddenSize});
  const {numHeads = usualHeads(hiddenSize), positions = 'rotary'} = options;
  const headSize = options.headSize ?? Math.max(1, Math.floor(hiddenSize / numHeads));
  const longest = options.maxSequenceLength ?? (positions === 'rotary' ? null : 1024);
  const count = fields.count();
  return {
    ...stack,
    numHeads: fields.count(usualHeads(hiddenSize)),
    headSize: fields.count(headSize),
    numFeatures: fields.count(count.accepts(headSize) ? defaultNumFeatures(headSize) : 1),
    features: fields.choice(featureKinds, 'softmax'),
    // null means never, and must not turn into the default.
    redrawInterval: options.redrawInterval === null ? fields.optional(fields.count(1000)) : fields.count(1000),
    positions: fields.choice(['rotary', 'learned', 'axial'] as const, 'rotary'),
    axialShape: axialShapeField(positions === 'axial' ? [Math.ceil(Number(longest) / 64), 64] : null),
    maxSequenceLength: longest === null ? fields.optional(count) : fields.count(longest),
    localHeads: localHeadsField,
    localWindow: fields.count(256),
    padding: fields.choice(['hidden', 'valueless'] as const, 'hidden'),
    norm: fields.choice(['layer', 'scale', 'rezero'] as const, 'layer'),
    gated: fields.flag(false),
    shiftTokens: fields.flag(false),
    reversible: fields.flag(false),
    useBias: fields.flag(false),
    useOutputBias: fields.flag(false),
  };
}

export const causalRules: Fields<CausalFields> = {
  stabilizer: fields.choice(['running', 'sequence'] as const, 'running'),
  chunkSize: fields.count(defaultChunkSize),
};

export const bothWaysRules: Fields<BothWaysFields> = {localForm: fields.choice(localForms, 'exact')};

/** Local heads of each block. */
export const localHeadsOf = ({localHeads, numLayers}: PerformerStackFields): number[] =>
  typeof localHeads === 'number' ? Array<number>(numLayers).fill(localHeads) : [...localHeads];

/**
 * Holds the fields of a stack to each other.
 * @param name Whose it is, for messages.
 * @param given What was given of them, as defaults must come out even.
 */
export function checkStack(
  name: string,
  config: PerformerStackFields,
  given: Partial<PerformerStackFields>,
  hiddenSize: number,
): void {
  const {numHeads, headSize, numLayers, localHeads, positions, axialShape, maxSequenceLength} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, name, message);
  check(
    hiddenSize % numHeads === 0 || given.headSize != null,
    `numHeads is ${numHeads}, but must divide hiddenSize ${hiddenSize}, or headSize be given`,
  );
  const locals = localHeadsOf(config);
  check(
    locals.length === numLayers,
    `localHeads is [${locals}], but must be one number or one for each of numLayers ${numLayers}`,
  );
  check(
    locals.every((count) => count <= numHeads),
    `localHeads is ${Array.isArray(localHeads) ? `[${localHeads}]` : localHeads}, but must be at most numHeads ${numHeads}`,
  );
  const isTurned = positions === 'rotary' || locals.some((count) => count > 0);
  check(
    !isTurned || headSize % 2 === 0,
    `headSize is ${headSize}, but must be even, as positions turn features in pairs`,
  );
  check(
    positions !== 'rotary' || hiddenSize % 2 === 0,
    `hiddenSize is ${hiddenSize}, but must be even with positions rotary`,
  );
  check(
    positions === 'rotary' || maxSequenceLength !== null,
    `maxSequenceLength is null, but must be a number with positions ${positions}`,
  );
  check(
    axialShape === null || positions === 'axial',
    `axialShape is [${axialShape}], but must be nothing with positions ${positions}`,
  );
  check(
    positions !== 'axial' || (axialShape !== null && axialShape[0] * axialShape[1] >= (maxSequenceLength ?? 0)),
    `axialShape is [${axialShape}], but must have as many places as maxSequenceLength ${maxSequenceLength}`,
  );
}

/**
 * Completes and checks the configuration of a causal Performer.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolvePerformerConfig(options: PerformerOptions): PerformerConfig {
  requireGivenFields('performer', options);
  const {hiddenSize = 512} = options;
  const rules = {...decoderFields({hiddenSize}), ...stackRules(options, hiddenSize), ...causalRules};
  const config = resolveFields<PerformerConfig>('performer', rules, options);
  checkStack('performer', config, options, hiddenSize);
  return config;
}

/**
 * Completes and checks the configuration of a Performer that looks both ways.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolvePerformerMaskedConfig(options: PerformerMaskedOptions): PerformerMaskedConfig {
  requireGivenFields('performerMasked', options);
  const {hiddenSize = 512} = options;
  const config = resolveFields<PerformerMaskedConfig>(
    'performerMasked',
    {
      ...decoderFields({hiddenSize}),
      ...stackRules(options, hiddenSize),
      ...bothWaysRules,
      padToken: fields.optional(fields.count(undefined, 0)),
    },
    options,
  );
  checkStack('performerMasked', config, options, hiddenSize);
  const {padToken, vocabSize} = config;
  requireConfig(
    padToken === null || padToken < vocabSize,
    'performerMasked',
    `padToken is ${padToken}, but must be below vocabSize ${vocabSize}`,
  );
  return config;
}
