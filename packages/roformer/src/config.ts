import {
  type Activation,
  activations,
  checkRopeScaling,
  type Field,
  type Fields,
  fields,
  type RopeScaling,
  type RotaryPairing,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  ropeScalingField,
  type StackFields,
  stackFields,
  usualHeads,
} from '@variants/core';

/** The fields that all forms of RoFormer have; defaults are those of roformer_chinese_base, without dropout. */
export interface RoFormerFields extends StackFields {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width E of the embeddings, which a projection widens where it is not hiddenSize. Default hiddenSize. */
  embeddingSize: number;
  /** Width D. Default 768. */
  hiddenSize: number;
  /** Default 12. */
  numLayers: number;
  /** Default: as many as hiddenSize can be cut into with 64 features or more each. */
  numHeads: number;
  /** Of the feed-forward and of the heads. Default 'gelu'. */
  activation: Activation;
  /** The longest sequence; null for no limit, as positions are computed. Default 1536. */
  maxSequenceLength: number | null;
  /** Kinds of tokens, such as first and second sentence. Default 2. */
  typeVocabSize: number;
  /** The id that fills up shorter rows, looking up which trains nothing; null: there is none. Default 0. */
  padToken: number | null;
  /**
   * 'layer': LayerNorm, and a head with a dense layer. 'rms', as RoFormer-V2: RMSNorm without a weight, and the embedding's
   * table alone for the logits, so that embeddingSize must be hiddenSize. Default 'layer'.
   */
  norm: 'layer' | 'rms';
  /** Biases in attention and feed-forward. Default: as norm is 'layer'. */
  useBias: boolean;
  /** Epsilon of all norms. Default 1e-12. */
  normEpsilon: number;
  /** Turns the values too, by their own positions, and never back, as the English checkpoints do. Default false. */
  rotaryValues: boolean;
  /** Base of the rotary frequencies. Default 10000. */
  rotaryBase: number;
  /** Which features turn together, see `ops.changePairing`. Default 'interleaved', as in all files. */
  rotaryPairing: RotaryPairing;
  /** Stretches the rotary frequencies for longer texts. Default null. */
  ropeScaling: RopeScaling | null;
  /** Dropout behind embeddings, attention and feed-forward, in training. Default 0. */
  dropout: number;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout: number;
}

/** The configuration of a causal RoFormer, which may read a prompt in both directions, as RoFormer-Sim. */
export interface RoFormerConfig extends RoFormerFields {
  /**
   * A dense layer on the first position with this activation, for embeddings of sentences: 'identity' in RoFormer-Sim's
   * files. Default null: none.
   */
  pooler: Activation | null;
}

/** What {@link roformer} takes: everything but vocabSize has a default. */
export type RoFormerOptions = Partial<RoFormerConfig> & Pick<RoFormerConfig, 'vocabSize'>;

/** The configuration of an encoder with a head for hidden tokens. */
export type RoFormerMaskedConfig = RoFormerFields;

/** What {@link roformerMasked} takes: everything but vocabSize has a default. */
export type RoFormerMaskedOptions = Partial<RoFormerMaskedConfig> & Pick<RoFormerMaskedConfig, 'vocabSize'>;

/** The configuration of an encoder with a head for labels of whole sequences. */
export interface RoFormerClassifierConfig extends RoFormerFields {
  /** Number of different labels. Default 2. */
  numLabels: number;
}

/** What {@link roformerClassifier} takes: everything but vocabSize has a default. */
export type RoFormerClassifierOptions = Partial<RoFormerClassifierConfig> & Pick<RoFormerClassifierConfig, 'vocabSize'>;

/** A field for which null is a value, and not the default. */
const orNull = (given: number | null | undefined, rule: Field<number>): Field<number | null> =>
  given === null ? fields.optional(rule) : rule;

/** The rules of all fields, given the fields that others' defaults depend on. */
function roFormerRules(options: Partial<RoFormerFields>): Fields<RoFormerFields> {
  const {hiddenSize = 768, norm = 'layer'} = options;
  return {
    vocabSize: fields.count(),
    ...stackFields({hiddenSize, numLayers: 12, normEpsilon: 1e-12}),
    embeddingSize: fields.count(hiddenSize),
    numHeads: fields.count(usualHeads(hiddenSize)),
    activation: fields.choice(activations, 'gelu'),
    maxSequenceLength: orNull(options.maxSequenceLength, fields.count(1536)),
    typeVocabSize: fields.count(2),
    padToken: orNull(options.padToken, fields.count(0, 0)),
    norm: fields.choice(['layer', 'rms'] as const, 'layer'),
    useBias: fields.flag(norm === 'layer'),
    rotaryValues: fields.flag(false),
    rotaryBase: fields.positive(10000),
    rotaryPairing: fields.choice(['interleaved', 'halves'] as const, 'interleaved'),
    ropeScaling: fields.optional(ropeScalingField),
    attentionDropout: fields.dropout(),
  };
}

/** Throws a ConfigError where fields do not go together. */
function checkRoFormerConfig(name: string, config: RoFormerFields): void {
  const {vocabSize, embeddingSize, hiddenSize, numHeads, padToken, norm} = config;
  requireDivides(name, config, 'numHeads', 'hiddenSize');
  const headSize = hiddenSize / numHeads;
  requireConfig(
    headSize % 2 === 0,
    name,
    `numHeads is ${numHeads}, so that a head has hiddenSize / numHeads = ${headSize} features, but must leave an even number to be turned in pairs`,
  );
  requireConfig(
    padToken === null || padToken < vocabSize,
    name,
    `padToken is ${padToken}, but must be below vocabSize ${vocabSize}, or null`,
  );
  requireConfig(
    norm === 'layer' || embeddingSize === hiddenSize,
    name,
    `embeddingSize is ${embeddingSize}, but must be hiddenSize ${hiddenSize}, as norm 'rms' has no dense layer in the head`,
  );
  checkRopeScaling(name, config.ropeScaling, headSize);
}

/**
 * Completes and checks the configuration of a causal model.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveRoFormerConfig(options: Partial<RoFormerConfig>): RoFormerConfig {
  requireGivenFields('roformer', options);
  const rules = {...roFormerRules(options), pooler: fields.optional(fields.choice(activations))};
  const config = resolveFields<RoFormerConfig>('roformer', rules, options);
  checkRoFormerConfig('roformer', config);
  return config;
}

/** The same for an encoder with a head for hidden tokens. */
export function resolveRoFormerMaskedConfig(options: Partial<RoFormerMaskedConfig>): RoFormerMaskedConfig {
  requireGivenFields('roformer-masked', options);
  const config = resolveFields<RoFormerMaskedConfig>('roformer-masked', roFormerRules(options), options);
  checkRoFormerConfig('roformer-masked', config);
  return config;
}

/** The same for an encoder with a head for labels. */
export function resolveRoFormerClassifierConfig(options: Partial<RoFormerClassifierConfig>): RoFormerClassifierConfig {
  requireGivenFields('roformer-classifier', options);
  const rules = {...roFormerRules(options), numLabels: fields.count(2)};
  const config = resolveFields<RoFormerClassifierConfig>('roformer-classifier', rules, options);
  checkRoFormerConfig('roformer-classifier', config);
  return config;
}

/** All weights of a causal model, counted once. */
export function countParameters(config: RoFormerConfig): number {
  const {hiddenSize: D, pooler} = config;
  return countMasked(config) + (pooler === null ? 0 : D * D + D);
}

/** All weights of a model for hidden tokens. */
export function countMasked(config: RoFormerFields): number {
  const {vocabSize: V, embeddingSize: E, hiddenSize: D, norm} = config;
  return countEncoder(config) + (norm === 'layer' ? D * E + E + 2 * E + V : 0);
}

/** All weights of a classifier. */
export function countClassifier(config: RoFormerClassifierConfig): number {
  const {hiddenSize: D, numLabels} = config;
  return countEncoder(config) + D * D + D + (D + 1) * numLabels;
}

/** All weights below the heads. */
function countEncoder(config: RoFormerFields): number {
  const {vocabSize, typeVocabSize, embeddingSize: E, hiddenSize: D, intermediateSize: F, numLayers} = config;
  const norm = (width: number) => (config.norm === 'layer' ? 2 * width : 0);
  const biases = config.useBias ? 4 * D + F + D : 0;
  const embeddings = (vocabSize + typeVocabSize) * E + norm(E) + (E === D ? 0 : E * D + D);
  return embeddings + numLayers * (4 * D * D + 2 * D * F + biases + 2 * norm(D));
}
