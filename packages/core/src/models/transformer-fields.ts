import type {TransformerFileFields} from '../checkpoints/transformer-files';
import type {RopeScaling} from '../kernels/rotary-embedding/rope-scaling';
import {ropeScalingFault, ropeScalingTypes} from '../kernels/rotary-embedding/rope-scaling-rules';
import {activations} from '../layers/activations';
import type {SelfAttentionConfig} from '../layers/self-attention';
import {type Field, type Fields, fields, requireConfig, requireDivides} from './config';
import {type DecoderFields, decoderFields} from './decoder-fields';

/** What a family of decoder-only Transformers is made of, beside the fields of its configurations. */
export interface TransformerStyle {
  /** The family's name in messages. */
  family: string;
  /**
   * 'learned': a vector per position is added to the embedding. 'rotary': queries and keys are turned by their positions.
   * 'alibi': scores fall with the distance.
   */
  positions: 'learned' | 'rotary' | 'alibi';
  /** A gated feed-forward and RMSNorm; else LayerNorm and no gate. */
  gated: boolean;
  /** One projection for queries, keys and values. */
  fused: boolean;
  /** The exponent of the least of ALiBi's slopes, 2^-largest. Default 8. */
  alibiLargest?: number;
  /** A logit beside the scores, see `SelfAttentionConfig`. Default: none. */
  sinkLogit?: SelfAttentionConfig['sinkLogit'];
}

/** The families from which most others come. */
export const transformerStyles = {
  gpt2: {family: 'gpt2', positions: 'learned', gated: false, fused: true},
  llama: {family: 'llama', positions: 'rotary', gated: true, fused: false},
} as const satisfies {[family: string]: TransformerStyle};

/**
 * The configuration of a decoder-only Transformer, which a package's own extends. Defaults depend on the style: with a gated
 * feed-forward they are LLaMA's, without GPT-2's.
 */
export interface TransformerFields extends DecoderFields, TransformerFileFields {
  /** Width of the feed-forward. Default 4 hiddenSize; gated 8/3 hiddenSize, rounded up to a multiple of 32. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'geluTanh'; gated 'silu'. */
  activation: TransformerFileFields['activation'];
  /** Biases on the projections of attention. Default true; gated false. */
  attentionBias: boolean;
  /** Biases in the feed-forward. Default true; gated false. */
  feedForwardBias: boolean;
  /** Biases in the norms. Default true; gated, with RMSNorm, always false. */
  normBias: boolean;
  /** Uses the embedding's table for the logits. Default true; gated false. */
  tieEmbedding: boolean;
  /**
   * A position sees itself and the `window` - 1 before it alone, in every block, and a stream remembers no more than that.
   * Default null: all before it.
   */
  window: number | null;
  /** The first positions of a sequence, which all later ones see beside the window. Default 0. */
  sinks: number;
  /** How far from a query its sinks are, see `SelfAttentionConfig`. Default 'absolute'. */
  cachePositions: NonNullable<SelfAttentionConfig['cachePositions']>;
}

/** What may be given of a configuration of {@link TransformerFields}. */
export type TransformerFieldOptions = Partial<TransformerFields>;

/** The rule of a field that holds a scaling of rotary frequencies. */
export const ropeScalingField: Field<RopeScaling> = {
  allowed: `an object {type, ...}, its type one of ${ropeScalingTypes.join(', ')}`,
  accepts: (value) => ropeScalingFault(value) === null,
  fault: ropeScalingFault,
};

/** The most heads of at least 64 features, an even number, that the width can be cut into. */
export function usualHeads(hiddenSize: number): number {
  const most = Math.min(1024, Math.floor(hiddenSize / 64));
  for (let numHeads = most; numHeads > 1; numHeads--) if (hiddenSize % (2 * numHeads) === 0) return numHeads;
  return 1;
}

/**
 * The rules of {@link TransformerFields}; vocabSize must be given.
 * @param options What was given, as some defaults follow from other fields.
 */
export function transformerFields(
  {gated}: TransformerStyle,
  options: TransformerFieldOptions,
): Fields<TransformerFields> {
  const hiddenSize = options.hiddenSize ?? 512;
  const numHeads = options.numHeads ?? usualHeads(hiddenSize);
  const intermediateSize = gated ? 32 * Math.ceil((8 * hiddenSize) / 3 / 32) : 4 * hiddenSize;
  return {
    ...decoderFields({hiddenSize, intermediateSize, tieEmbedding: !gated}),
    numHeads: fields.count(numHeads),
    numKeyValueHeads: fields.count(numHeads),
    headSize: fields.count(Math.max(1, Math.floor(hiddenSize / numHeads))),
    // null means no limit, and must not turn into the default.
    maxSequenceLength: options.maxSequenceLength === null ? fields.optional(fields.count()) : fields.count(1024),
    activation: fields.choice(activations, gated ? 'silu' : 'geluTanh'),
    attentionBias: fields.flag(!gated),
    feedForwardBias: fields.flag(!gated),
    normBias: fields.flag(!gated),
    scaleAttention: fields.flag(true),
    scaleAttentionByLayer: fields.flag(false),
    rotaryBase: fields.positive(10000),
    rotaryPairing: fields.choice(['interleaved', 'halves'] as const, 'halves'),
    ropeScaling: fields.optional(ropeScalingField),
    window: fields.optional(fields.count()),
    sinks: fields.count(0, 0),
    cachePositions: fields.choice(['absolute', 'inCache'] as const, 'absolute'),
  };
}

/**
 * Holds the fields of a complete configuration to each other.
 * @param architecture Its name, for messages.
 * @param options What was given.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function checkTransformerFields(
  architecture: string,
  config: TransformerFields,
  {family, positions, gated}: TransformerStyle,
  options: TransformerFieldOptions,
): void {
  const {headSize, normBias, maxSequenceLength, ropeScaling, window, sinks, cachePositions} = config;
  const holds = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  if (options.headSize == null)
    requireDivides(architecture, config, 'numHeads', 'hiddenSize', '(or headSize be given)');
  requireDivides(architecture, config, 'numKeyValueHeads', 'numHeads');
  if (positions === 'rotary') {
    holds(headSize % 2 === 0, `headSize is ${headSize}, but must be even to be turned by positions`);
    checkRopeScaling(architecture, ropeScaling, headSize);
  } else holds(ropeScaling === null, `ropeScaling is given, but family ${family} has no rotary positions`);
  if (positions === 'learned') {
    holds(maxSequenceLength !== null, `maxSequenceLength is null, but family ${family} has a learned position each`);
    holds(
      cachePositions === 'absolute',
      `cachePositions is "inCache", but must be "absolute", as family ${family} has a learned position each`,
    );
  }
  if (gated) holds(!normBias, `normBias is true, but the norms of family ${family} have no bias`);
  holds(sinks === 0 || window !== null, `sinks is ${sinks}, but must be 0 without a window`);
}

/**
 * Holds a scaling to the number of features that turn.
 * @throws ConfigError where it has not a number for each pair of them.
 */
export function checkRopeScaling(architecture: string, scaling: RopeScaling | null, size: number): void {
  if (scaling?.type !== 'longrope') return;
  for (const name of ['shortFactors', 'longFactors'] as const)
    requireConfig(
      scaling[name].length === size / 2,
      architecture,
      `ropeScaling.${name} has ${scaling[name].length} numbers, but must have ${size / 2}, one for each pair of features`,
    );
}
