import {
  checkTransformerFields,
  countTransformer,
  fields,
  type RotaryPairing,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type TransformerFields,
  transformerFields,
  transformerStyles,
} from '@variants/core';

/** The checkpoint layouts there are, see `src/checkpoints/`: of family gpt2, and of family llama by its pairing. */
const gpt2Layouts = ['nanogpt', 'gpt2', 'gpt2bare'] as const;
const interleavedLayouts = ['llama2c', 'meta'] as const;
const halvesLayouts = ['huggingface'] as const;
const layoutNames = [...gpt2Layouts, ...interleavedLayouts, ...halvesLayouts];

/** How an authors' files name and shape the weights. */
export type LayoutName = (typeof layoutNames)[number];

/** The configuration of a decoder. Defaults depend on `family`; where two are named, GPT-2's comes first. */
export interface TransformerConfig extends TransformerFields {
  /**
   * 'gpt2': learned positions, LayerNorm, a feed-forward with GELU. 'llama': rotary positions, RMSNorm, a gated
   * feed-forward. Default 'llama'.
   */
  family: 'gpt2' | 'llama';
  /**
   * Which features turn together: 'interleaved' as in Meta's files, 'halves' as in Hugging Face's. Default: what the layout
   * has, without one 'interleaved'.
   */
  rotaryPairing: RotaryPairing;
  /** How `saveCheckpoint` names the weights. Default 'gpt2'; 'llama2c', or 'huggingface' where the pairing is 'halves'. */
  layout: LayoutName;
}

/** What {@link transformer} takes: everything but vocabSize has a default. */
export type TransformerOptions = Partial<TransformerConfig> & Pick<TransformerConfig, 'vocabSize'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveTransformerConfig(options: TransformerOptions): TransformerConfig {
  requireGivenFields('transformer', options);
  const isGpt2 = options.family === 'gpt2';
  const style = transformerStyles[isGpt2 ? 'gpt2' : 'llama'];
  const pairing = options.rotaryPairing ?? (options.layout === 'huggingface' ? 'halves' : 'interleaved');
  const config = resolveFields<TransformerConfig>(
    'transformer',
    {
      family: fields.choice(['gpt2', 'llama'] as const, 'llama'),
      ...transformerFields(style, options),
      rotaryPairing: fields.choice(['interleaved', 'halves'] as const, pairing),
      layout: fields.choice(layoutNames, isGpt2 ? 'gpt2' : pairing === 'halves' ? 'huggingface' : 'llama2c'),
    },
    options,
  );
  checkTransformerFields('transformer', config, style, options);
  checkLayout(config);
  return config;
}

function checkLayout({family, rotaryPairing, layout}: TransformerConfig): void {
  const ofLlama = rotaryPairing === 'halves' ? halvesLayouts : interleavedLayouts;
  const allowed: readonly LayoutName[] = family === 'gpt2' ? gpt2Layouts : ofLlama;
  const which = family === 'gpt2' ? 'family gpt2' : `family llama and rotaryPairing ${rotaryPairing}`;
  requireConfig(
    allowed.includes(layout),
    'transformer',
    `layout is "${layout}", but with ${which} must be ${allowed.join(family === 'gpt2' ? ', ' : ' or ')}`,
  );
}

/** All weights counted once. */
export function countParameters(config: TransformerConfig): number {
  return countTransformer(config, transformerStyles[config.family]);
}
