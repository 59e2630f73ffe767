import {
  checkTransformerFields,
  countTransformer,
  fields,
  type RotaryPairing,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type TransformerFields,
  type TransformerStyle,
  transformerFields,
  transformerStyles,
} from '@variants/core';

/** The checkpoint layouts there are, see `src/checkpoints/`: of family gptBigCode, and of family llama by its pairing. */
const bigCodeLayouts = ['gptBigCode'] as const;
const halvesLayouts = ['llama', 'mistral'] as const;
const interleavedLayouts = ['meta'] as const;
const layoutNames = [...bigCodeLayouts, ...halvesLayouts, ...interleavedLayouts];

/** How an authors' files name and shape the weights. */
export type LayoutName = (typeof layoutNames)[number];

/** The configuration of a decoder whose heads share keys and values. Defaults depend on `family`. */
export interface MultiQueryConfig extends TransformerFields {
  /**
   * 'gptBigCode': StarCoder's, which is GPT-2's: learned positions, LayerNorm, a feed-forward with GELU. 'llama': rotary
   * positions, RMSNorm, a gated feed-forward, as in LLaMA and Mistral. Default 'llama'.
   */
  family: 'gptBigCode' | 'llama';
  /**
   * Heads of keys and values G, a divisor of numHeads: 1 is multi-query attention, numHeads multi-head attention, and between
   * them is grouped-query attention. Default 1.
   */
  numKeyValueHeads: number;
  /**
   * Which features turn together: 'halves' as in Hugging Face's files, 'interleaved' as in Meta's. Default: what the layout
   * has, without one 'halves'.
   */
  rotaryPairing: RotaryPairing;
  /**
   * How `saveCheckpoint` names the weights. Default 'gptBigCode'; 'llama', or 'mistral' with a window, or 'meta' where the
   * pairing is 'interleaved'.
   */
  layout: LayoutName;
}

/** What {@link mqa} takes: everything but vocabSize has a default. */
export type MultiQueryOptions = Partial<MultiQueryConfig> & Pick<MultiQueryConfig, 'vocabSize'>;

/** What each family is made of. */
export const styles: {readonly [family in MultiQueryConfig['family']]: TransformerStyle} = {
  gptBigCode: {...transformerStyles.gpt2, family: 'gptBigCode'},
  llama: transformerStyles.llama,
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveMultiQueryConfig(options: MultiQueryOptions): MultiQueryConfig {
  requireGivenFields('mqa', options);
  const isBigCode = options.family === 'gptBigCode';
  const style = styles[isBigCode ? 'gptBigCode' : 'llama'];
  const pairing = options.rotaryPairing ?? (options.layout === 'meta' ? 'interleaved' : 'halves');
  const ofLlama = pairing === 'interleaved' ? 'meta' : options.window == null ? 'llama' : 'mistral';
  const config = resolveFields<MultiQueryConfig>(
    'mqa',
    {
      family: fields.choice(['gptBigCode', 'llama'] as const, 'llama'),
      ...transformerFields(style, options),
      numKeyValueHeads: fields.count(1),
      rotaryPairing: fields.choice(['interleaved', 'halves'] as const, pairing),
      layout: fields.choice(layoutNames, isBigCode ? 'gptBigCode' : ofLlama),
    },
    options,
  );
  checkTransformerFields('mqa', config, style, options);
  const allowed = layoutsOf(config);
  const which = isBigCode ? 'family gptBigCode' : `family llama and rotaryPairing ${pairing}`;
  requireConfig(
    allowed.includes(config.layout),
    'mqa',
    `layout is "${config.layout}", but with ${which} must be ${allowed.join(' or ')}`,
  );
  return config;
}

/** The layouts that a model may be saved in. */
function layoutsOf({family, rotaryPairing}: MultiQueryConfig): readonly LayoutName[] {
  if (family === 'gptBigCode') return bigCodeLayouts;
  return rotaryPairing === 'halves' ? halvesLayouts : interleavedLayouts;
}

/** All weights counted once. */
export function countParameters(config: MultiQueryConfig): number {
  return countTransformer(config, styles[config.family]);
}
