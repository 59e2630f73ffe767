import {fields, requireGivenFields, resolveFields} from '@variants/core';
import {checkHyenaBackboneConfig, type HyenaConfig, type HyenaOptions, hyenaRules} from '../config';

/** The configuration of a Hyena whose long convolutions are recurrences. */
export interface DistilledHyenaConfig extends HyenaConfig {
  /** Numbers that a recurrence remembers per channel, even. Default 16. */
  stateSize: number;
}

/** What a {@link DistilledHyena} is made of: everything but vocabSize has a default. */
export type DistilledHyenaOptions = HyenaOptions & Partial<DistilledHyenaConfig>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveDistilledHyenaConfig(options: DistilledHyenaOptions): DistilledHyenaConfig {
  requireGivenFields('distilledHyena', options);
  const rules = {...hyenaRules(options), stateSize: fields.even(16)};
  const config = resolveFields<DistilledHyenaConfig>('distilledHyena', rules, options);
  checkHyenaBackboneConfig('distilledHyena', config);
  return config;
}
