import {
  activations,
  checkTransformerFields,
  countTransformer,
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type TransformerFields,
  type TransformerStyle,
  transformerFields,
  transformerStyles,
} from '@variants/core';

/** What a stream with attention sinks remembers. */
export interface CacheSize {
  /** The first tokens of a stream, which stay for ever. */
  numSinks: number;
  /** The last tokens, which stay beside them. */
  windowSize: number;
}

/** The configuration of a language model with attention sinks. Defaults depend on `family`. */
export interface AttentionSinksConfig
  extends CacheSize,
    Omit<TransformerFields, 'window' | 'sinks' | 'cachePositions'> {
  /**
   * 'llama': rotary positions, RMSNorm, a gated feed-forward. 'mpt': ALiBi, LayerNorm, a feed-forward with GELU, no biases.
   * Default 'llama'.
   */
  family: 'llama' | 'mpt';
  /** The first tokens of a stream, which stay for ever; 0 is plain window attention. Default 4; 1 with a sinkToken. */
  numSinks: number;
  /** The last tokens, which stay beside the sinks: a token sees itself and these. Default maxSequenceLength - numSinks. */
  windowSize: number;
  /**
   * 'rolling': what is neither a sink nor in the window is forgotten token by token, and streams are endless. 'growing': all
   * is remembered until `makeRoom` forgets, as in a chat; without it that is full attention. Default 'rolling'.
   */
  cache: 'rolling' | 'growing';
  /**
   * A token of the vocabulary that the model itself puts before every sequence, in training too, so that it learns to be the
   * sink (section 3.3 of the paper); it counts among the numSinks. Default: none.
   */
  sinkToken: number | null;
  /**
   * A logit beside the scores of each row, which takes its share and has no value: 'learned', one per head, as in gpt-oss;
   * 'zero', softmax off by one. Default 'none'.
   */
  sinkLogit: 'none' | 'learned' | 'zero';
  /** The exponent of the least of ALiBi's slopes, 2^-alibiBiasMax; of family mpt. Default 8. */
  alibiBiasMax: number;
  /**
   * How many tokens the model was, or is, trained to see at once: the cache holds no more, as no distance is then longer than
   * any in training. Streams may be of any length. Default numSinks + windowSize where that is given, else 1024.
   */
  maxSequenceLength: number | null;
}

/** What {@link attentionSinks} takes: everything but vocabSize has a default. */
export type AttentionSinksOptions = Partial<AttentionSinksConfig> & Pick<AttentionSinksConfig, 'vocabSize'>;

const architecture = 'attention-sinks';

/** What no field says of a family. */
export function styleOf({
  family,
  sinkLogit = 'none',
  alibiBiasMax: alibiLargest,
}: Partial<AttentionSinksConfig>): TransformerStyle {
  const style: TransformerStyle =
    family === 'mpt'
      ? {family, positions: 'alibi', gated: false, fused: true, alibiLargest}
      : {...transformerStyles.llama};
  return sinkLogit === 'none' ? style : {...style, sinkLogit};
}

/** The rule of the window: it is what the cache has beside the sinks. */
export const windowField = (fallback?: number): Field<number> => ({
  ...fields.count(fallback),
  allowed: 'a whole number of at least 1, so that numSinks is less than the cache, which holds numSinks + windowSize',
});

/** The sizes of the cache where they are not given. */
function usualCache({numSinks, windowSize, maxSequenceLength, sinkToken}: Partial<AttentionSinksConfig>) {
  const context = maxSequenceLength ?? (windowSize === undefined ? 1024 : (numSinks ?? 4) + windowSize);
  const sinks = numSinks ?? (sinkToken == null ? Math.min(4, Math.max(0, context - 1)) : 1);
  return {sinks, window: Math.max(1, context - sinks), context: Math.max(1, windowSize ? sinks + windowSize : context)};
}

function rules(options: Partial<AttentionSinksConfig>): Fields<AttentionSinksConfig> {
  const usual = usualCache(options);
  const {window: _, sinks: __, cachePositions: ___, ...transformer} = transformerFields(styleOf(options), options);
  const isMpt = options.family === 'mpt';
  const withoutBias = {
    attentionBias: fields.flag(false),
    feedForwardBias: fields.flag(false),
    normBias: fields.flag(false),
  };
  return {
    family: {
      ...fields.choice(['llama', 'mpt'] as const, 'llama'),
      allowed: 'one of llama, mpt, whose positions can be counted in the cache',
    },
    numSinks: fields.count(usual.sinks, 0),
    windowSize: windowField(usual.window),
    cache: fields.choice(['rolling', 'growing'] as const, 'rolling'),
    sinkToken: fields.optional(fields.count(undefined, 0)),
    sinkLogit: fields.choice(['none', 'learned', 'zero'] as const, 'none'),
    alibiBiasMax: fields.positive(8),
    ...transformer,
    ...(isMpt && {...withoutBias, activation: fields.choice(activations, 'gelu')}),
    ...(options.maxSequenceLength !== null && {maxSequenceLength: fields.count(usual.context)}),
  };
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveAttentionSinksConfig(options: AttentionSinksOptions): AttentionSinksConfig {
  requireGivenFields('attention-sinks', options);
  const config = resolveFields<AttentionSinksConfig>(architecture, rules(options), options);
  const {family, maxSequenceLength, sinkToken, vocabSize, alibiBiasMax} = config;
  const holds = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  checkTransformerFields(architecture, transformerConfig(config), styleOf(config), options);
  requireFits(architecture, config, maxSequenceLength);
  if (family === 'llama') holds(alibiBiasMax === 8, `alibiBiasMax is ${alibiBiasMax}, but family llama has no ALiBi`);
  if (sinkToken !== null)
    holds(sinkToken < vocabSize, `sinkToken is ${sinkToken}, but must be below vocabSize ${vocabSize}`);
  return config;
}

/**
 * Holds a cache to the length that a model was trained for.
 * @param who Whom the message is from.
 * @throws ConfigError where it is longer.
 */
export function requireFits(who: string, {numSinks, windowSize}: CacheSize, context: number | null): void {
  requireConfig(
    context === null || numSinks + windowSize <= context,
    who,
    `numSinks ${numSinks} + windowSize ${windowSize} is ${numSinks + windowSize}, but must be at most maxSequenceLength ${context}, what the model is trained to see at once`,
  );
}

/**
 * How core's attention sees what a cache of these sizes holds: a token sees itself beside the window, which StreamingLLM
 * counts without it, as it evicts after a step.
 */
export const sightOf = ({numSinks, windowSize}: CacheSize) =>
  ({window: windowSize + 1, sinks: numSinks, cachePositions: 'inCache'}) as const;

/** The Transformer that a configuration is of. */
export function transformerConfig(config: AttentionSinksConfig): TransformerFields {
  const whole = {window: null, sinks: 0, cachePositions: 'absolute'} as const;
  return {...config, ...(config.cache === 'rolling' ? sightOf(config) : whole), maxSequenceLength: null};
}

/** All weights counted once. */
export function countParameters(config: AttentionSinksConfig): number {
  return countTransformer(transformerConfig(config), styleOf(config));
}
