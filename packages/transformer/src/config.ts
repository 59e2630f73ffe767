import {
  type Activation,
  activations,
  type DecoderFields,
  decoderFields,
  fields,
  type RotaryPairing,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
} from '@variants/core';
import {type RopeScaling, ropeScalingField} from './rope-scaling';

/** The checkpoint layouts there are, see `src/checkpoints/`: of family gpt2, and of family llama by its pairing. */
const gpt2Layouts = ['nanogpt', 'gpt2', 'gpt2bare'] as const;
const interleavedLayouts = ['llama2c', 'meta'] as const;
const halvesLayouts = ['huggingface'] as const;
const layoutNames = [...gpt2Layouts, ...interleavedLayouts, ...halvesLayouts];

/** How an authors' files name and shape the weights. */
export type LayoutName = (typeof layoutNames)[number];

/** The configuration of a decoder. Defaults depend on `family`; where two are named, GPT-2's comes first. */
export interface TransformerConfig extends DecoderFields {
  /**
   * 'gpt2': learned positions, LayerNorm, a feed-forward with GELU. 'llama': rotary positions, RMSNorm, a gated
   * feed-forward. Default 'llama'.
   */
  family: 'gpt2' | 'llama';
  /** Default: as many as hiddenSize can be cut into with 64 features or more each. */
  numHeads: number;
  /** Heads of keys and values. Default numHeads. */
  numKeyValueHeads: number;
  /** Features of a head. Default hiddenSize / numHeads. */
  headSize: number;
  /** Width of the feed-forward. Default 4 hiddenSize; 8/3 hiddenSize, rounded up to a multiple of 32. */
  intermediateSize: number;
  /** The longest sequence; null for no limit ('llama' alone). Default 1024. */
  maxSequenceLength: number | null;
  /** Of the feed-forward. Default 'geluTanh'; 'silu'. */
  activation: Activation;
  /** Biases on the projections of attention. Default true; false. */
  attentionBias: boolean;
  /** Biases in the feed-forward. Default true; false. */
  feedForwardBias: boolean;
  /** Biases in the norms ('gpt2' alone). Default true; false. */
  normBias: boolean;
  /** Uses the embedding's table for the logits. Default true; false. */
  tieEmbedding: boolean;
  /** Multiplies scores by headSize^-0.5. Default true. */
  scaleAttention: boolean;
  /** Divides the scores of layer i by i + 1. Default false. */
  scaleAttentionByLayer: boolean;
  /** Base of the rotary frequencies. Default 10000. */
  rotaryBase: number;
  /**
   * Which features turn together: 'interleaved' as in Meta's files, 'halves' as in Hugging Face's. Default: what the layout
   * has, without one 'interleaved'.
   */
  rotaryPairing: RotaryPairing;
  /** Stretches the rotary frequencies for longer texts. Default null. */
  ropeScaling: RopeScaling | null;
  /** Dropout on the embedding, the attention probabilities and behind attention and feed-forward. Default 0. */
  dropout: number;
  /** How `saveCheckpoint` names the weights. Default 'gpt2'; 'llama2c', or 'huggingface' where the pairing is 'halves'. */
  layout: LayoutName;
}

/** What {@link transformer} takes: everything but vocabSize has a default. */
export type TransformerOptions = Partial<TransformerConfig> & Pick<TransformerConfig, 'vocabSize'>;

/** The most heads of at least 64 features, an even number, that the width can be cut into. */
function usualHeads(hiddenSize: number): number {
  const most = Math.min(1024, Math.floor(hiddenSize / 64));
  for (let numHeads = most; numHeads > 1; numHeads--) if (hiddenSize % (2 * numHeads) === 0) return numHeads;
  return 1;
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveTransformerConfig(options: TransformerOptions): TransformerConfig {
  requireGivenFields('transformer', options);
  const isGpt2 = options.family === 'gpt2';
  const hiddenSize = options.hiddenSize ?? 512;
  const numHeads = options.numHeads ?? usualHeads(hiddenSize);
  const intermediateSize = isGpt2 ? 4 * hiddenSize : 32 * Math.ceil((8 * hiddenSize) / 3 / 32);
  const pairing = options.rotaryPairing ?? (options.layout === 'huggingface' ? 'halves' : 'interleaved');
  const config = resolveFields<TransformerConfig>(
    'transformer',
    {
      family: fields.choice(['gpt2', 'llama'] as const, 'llama'),
      ...decoderFields({hiddenSize, intermediateSize, tieEmbedding: isGpt2}),
      numHeads: fields.count(numHeads),
      numKeyValueHeads: fields.count(numHeads),
      headSize: fields.count(Math.max(1, Math.floor(hiddenSize / numHeads))),
      // null means no limit, and must not turn into the default.
      maxSequenceLength: options.maxSequenceLength === null ? fields.optional(fields.count()) : fields.count(1024),
      activation: fields.choice(activations, isGpt2 ? 'geluTanh' : 'silu'),
      attentionBias: fields.flag(isGpt2),
      feedForwardBias: fields.flag(isGpt2),
      normBias: fields.flag(isGpt2),
      scaleAttention: fields.flag(true),
      scaleAttentionByLayer: fields.flag(false),
      rotaryBase: fields.positive(10000),
      rotaryPairing: fields.choice(['interleaved', 'halves'] as const, pairing),
      ropeScaling: fields.optional(ropeScalingField),
      layout: fields.choice(layoutNames, isGpt2 ? 'gpt2' : pairing === 'halves' ? 'huggingface' : 'llama2c'),
    },
    options,
  );
  checkTransformerConfig(config, options);
  return config;
}

function checkTransformerConfig(config: TransformerConfig, options: TransformerOptions): void {
  if (options.headSize == null)
    requireDivides('transformer', config, 'numHeads', 'hiddenSize', '(or headSize be given)');
  requireDivides('transformer', config, 'numKeyValueHeads', 'numHeads');
  (config.family === 'llama' ? checkLlamaConfig : checkGpt2Config)(config);
}

function checkLlamaConfig({headSize, normBias, rotaryPairing, layout}: TransformerConfig): void {
  requireFields(headSize % 2 === 0, `headSize is ${headSize}, but must be even to be turned by positions`);
  requireFields(!normBias, 'normBias is true, but the norms of family llama have no bias');
  const allowed: readonly LayoutName[] = rotaryPairing === 'halves' ? halvesLayouts : interleavedLayouts;
  requireFields(
    allowed.includes(layout),
    `layout is "${layout}", but with family llama and rotaryPairing ${rotaryPairing} must be ${allowed.join(' or ')}`,
  );
}

function checkGpt2Config({maxSequenceLength, ropeScaling, layout}: TransformerConfig): void {
  requireFields(maxSequenceLength !== null, 'maxSequenceLength is null, but family gpt2 has a learned position each');
  requireFields(ropeScaling === null, 'ropeScaling is given, but family gpt2 has no rotary positions');
  const allowed: readonly LayoutName[] = gpt2Layouts;
  requireFields(allowed.includes(layout), `layout is "${layout}", but with family gpt2 must be ${allowed.join(', ')}`);
}

function requireFields(condition: boolean, message: string): void {
  requireConfig(condition, 'transformer', message);
}

/** All weights counted once. */
export function countParameters(config: TransformerConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, numHeads, numKeyValueHeads, headSize, intermediateSize: F} = config;
  const [queries, keyValues] = [numHeads * headSize, 2 * numKeyValueHeads * headSize];
  const isGpt2 = config.family === 'gpt2';
  const attention = D * (2 * queries + keyValues) + (config.attentionBias ? queries + keyValues + D : 0);
  const up = isGpt2 ? 1 : 2;
  const feedForward = (up + 1) * D * F + (config.feedForwardBias ? up * F + D : 0);
  const norm = config.normBias ? 2 * D : D;
  const positions = isGpt2 ? (config.maxSequenceLength as number) * D : 0;
  const embeddings = vocabSize * D * (config.tieEmbedding ? 1 : 2) + positions;
  return embeddings + numLayers * (attention + feedForward + 2 * norm) + norm;
}
