import {type Field, fields, type LanguageModelConfig, requireConfig, resolveFields} from '@variants/core';

/** The configuration of a language model as reformer-pytorch has it; defaults are the library's where it has some. */
export interface LucidReformerConfig extends LanguageModelConfig {
  /** Width of each of the two streams. Default 512. */
  hiddenSize: number;
  /** Width of the embeddings, which a projection widens where it is not hiddenSize. Default hiddenSize. */
  embeddingSize: number;
  /** Default 6. */
  numLayers: number;
  /** Default 8. */
  numHeads: number;
  /** Default hiddenSize / numHeads, rounded up. */
  headSize: number;
  /** Positions of a chunk. Default 64. */
  bucketSize: number;
  /** Rounds of hashing. Default 4. */
  numHashes: number;
  /** The longest sequence. Default 4096. */
  maxSequenceLength: number;
  /** Default 'rotary', of queries and keys when they are hashed. 'axial': the sum of learned vectors of two digits. */
  positions: 'rotary' | 'axial' | 'absolute' | 'fixed';
  /** How many values each digit has; their product is maxSequenceLength. Axial alone. Default: by chunks of bucketSize. */
  axialShape: readonly number[] | null;
  /** Number of pieces that feed-forwards work in. Default 1. */
  feedForwardChunks: number;
  /** A gate in the feed-forward: gelu(a) * b. Default false. */
  gatedFeedForward: boolean;
  /** ScaleNorm, x / max(|x|, 1e-5) g, in place of LayerNorm in the blocks. Default false. */
  scaleNorm: boolean;
  /** One attention and one feed-forward for all blocks. Default false. */
  tieLayers: boolean;
  /** Logits by the embedding's rows of unit length. Default false. */
  tieEmbedding: boolean;
  /** All heads share one head of values. Default false. */
  oneValueHead: boolean;
  /** Heads, the first ones, with local attention in windows of 2 bucketSize. Default 0. */
  numLocalHeads: number;
  /** Learned vectors behind the sequence that every query sees. Default 0. */
  numMemories: number;
  /** Attention to all positions in place of LSH. Default false. */
  fullAttention: boolean;
  /** See `LucidAttentionOptions`. Default true. */
  attendAcrossBuckets: boolean;
  /** Default true. */
  allowDuplicates: boolean;
  /** Default true. */
  rehash: boolean;
  /** Rotations for each head of each row. Default false: all share them. */
  rotationsPerHead: boolean;
}

/** What {@link lucidReformer} takes: everything but vocabSize has a default. */
export type LucidReformerOptions = Partial<LucidReformerConfig> & Pick<LucidReformerConfig, 'vocabSize'>;

/** Completes and checks a configuration: a ConfigError names the field and what is allowed. */
export function resolveLucidReformerConfig(options: Partial<LucidReformerConfig>): LucidReformerConfig {
  const {hiddenSize = 512, numHeads = 8, bucketSize = 64, maxSequenceLength = 4096} = options ?? {};
  const isAxial = options?.positions === 'axial';
  const shape: Field<readonly number[] | null> = {
    allowed: isAxial ? 'a list of whole numbers of at least 1' : "nothing, but where positions are 'axial'",
    accepts: (value) =>
      isAxial ? Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 1) : value === null,
    fallback: isAxial ? [Math.ceil(maxSequenceLength / bucketSize), bucketSize] : null,
  };
  const config = resolveFields<LucidReformerConfig>(
    'lucid-reformer',
    {
      vocabSize: fields.count(),
      hiddenSize: fields.count(512),
      embeddingSize: fields.count(hiddenSize),
      numLayers: fields.count(6),
      numHeads: fields.count(8),
      headSize: fields.count(Math.ceil(hiddenSize / numHeads) || 1),
      bucketSize: fields.count(64),
      numHashes: fields.count(4),
      maxSequenceLength: fields.count(4096),
      positions: fields.choice(['rotary', 'axial', 'absolute', 'fixed'] as const, 'rotary'),
      axialShape: shape,
      feedForwardChunks: fields.count(1),
      gatedFeedForward: fields.flag(false),
      scaleNorm: fields.flag(false),
      tieLayers: fields.flag(false),
      tieEmbedding: fields.flag(false),
      oneValueHead: fields.flag(false),
      numLocalHeads: fields.count(0, 0),
      numMemories: fields.count(0, 0),
      fullAttention: fields.flag(false),
      attendAcrossBuckets: fields.flag(true),
      allowDuplicates: fields.flag(true),
      rehash: fields.flag(true),
      rotationsPerHead: fields.flag(false),
      seed: fields.seed(),
    },
    options,
  );
  const {numLocalHeads, axialShape, headSize, positions} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, 'lucid-reformer', message);
  check(
    numLocalHeads <= config.numHeads,
    `numLocalHeads is ${numLocalHeads}, but must be at most numHeads ${config.numHeads}`,
  );
  check(
    positions !== 'rotary' || headSize % 2 === 0,
    `headSize is ${headSize}, but must be even where positions are 'rotary'`,
  );
  const held = axialShape?.reduce((product, n) => product * n, 1);
  check(
    held === undefined || held === config.maxSequenceLength,
    `axialShape is [${axialShape}], but its product must be maxSequenceLength ${config.maxSequenceLength}`,
  );
  return config;
}
