import {type Field, resolveFields} from '@variants/core';
import {checkHyenaBackboneConfig, type HyenaConfig, type HyenaOptions, hyenaRules} from '../config';

/** The configuration of a Hyena whose long convolutions are recurrences. */
export interface DistilledHyenaConfig extends HyenaConfig {
  /** Numbers that a recurrence remembers per channel, even. Default 16. */
  stateSize: number;
}

/** What a {@link DistilledHyena} is made of: everything but vocabSize has a default. */
export type DistilledHyenaOptions = HyenaOptions & Partial<DistilledHyenaConfig>;

const stateSize: Field<number> = {
  allowed: 'an even number of at least 2',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 2 && (value as number) % 2 === 0,
  fallback: 16,
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveDistilledHyenaConfig(options: DistilledHyenaOptions): DistilledHyenaConfig {
  const config = resolveFields<DistilledHyenaConfig>('distilledHyena', {...hyenaRules(options), stateSize}, options);
  checkHyenaBackboneConfig('distilledHyena', config);
  return config;
}
