import {fields, resolveFields} from '@variants/core';
import {assertBackbone, backboneRules, countBackboneParameters, type HyenaBackboneConfig} from './config';

/** What of a sequence a classifier looks at. */
export type Pooling = 'mean' | 'before-padding';

/** All of them. */
const poolings = ['mean', 'before-padding'] as const satisfies readonly Pooling[];

/** The configuration of a Hyena that classifies sequences. */
export interface HyenaClassifierConfig extends HyenaBackboneConfig {
  /** Number of classes. */
  numLabels: number;
  /**
   * 'mean': the mean over all positions, padding too, and a head with a bias, as HyenaDNA's own. 'before-padding': the
   * position before the first padding, the last where there is none or the sequence begins with it, and a head without a
   * bias, as Hugging Face's. Default 'mean'.
   */
  pooling: Pooling;
  /** The id that fills up shorter rows, which only 'before-padding' looks at. Default 4, HyenaDNA's; null with 'mean'. */
  padToken: number | null;
}

/** What {@link hyenaClassifier} takes: everything but vocabSize and numLabels has a default. */
export type HyenaClassifierOptions = Partial<HyenaClassifierConfig> &
  Pick<HyenaClassifierConfig, 'vocabSize' | 'numLabels'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveClassifierConfig(options: HyenaClassifierOptions): HyenaClassifierConfig {
  const {pooling = 'mean'} = options;
  const padToken = fields.count(4, 0);
  const rules = {
    ...backboneRules(options),
    numLabels: fields.count(),
    pooling: fields.choice(poolings, 'mean'),
    padToken: pooling === 'mean' ? fields.optional(padToken) : padToken,
  };
  const config = resolveFields<HyenaClassifierConfig>('hyenaClassifier', rules, options);
  assertBackbone('hyenaClassifier', config);
  return config;
}

/** All weights counted once, those that training does not move too. */
export function countClassifierParameters(config: HyenaClassifierConfig): number {
  const {numLabels, hiddenSize, pooling} = config;
  return countBackboneParameters(config) + numLabels * (hiddenSize + (pooling === 'mean' ? 1 : 0));
}
