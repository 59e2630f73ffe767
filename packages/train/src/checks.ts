import {ConfigError, shown} from '@variants/core';

/** Throws a ConfigError unless `value` is a whole number from `min` to `max`; returns it. */
export function requireWhole(owner: string, field: string, value: number, min: number, max = Infinity): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ConfigError(`${owner}: ${field} is ${shown(value)}; allowed: ${wholeRange(min, max)}`);
}

/** Throws a ConfigError unless `value` is one of the 2^32 seeds that a generator can start from; returns it. */
export function requireSeed(owner: string, value: number): number {
  return requireWhole(owner, 'seed', value, 0, 0xffffffff);
}

/** "a whole number from 1", "a whole number from 1 to 8". */
export function wholeRange(min: number, max = Infinity): string {
  return `a whole number from ${min}${max === Infinity ? '' : ` to ${max}`}`;
}

/** Throws a ConfigError unless `value` is above 0 and below 1; returns it. */
export function requireFraction(owner: string, value: number): number {
  if (value > 0 && value < 1) return value;
  throw new ConfigError(
    `${owner}: the fraction for validation is ${shown(value)}; allowed: a number above 0 and below 1`,
  );
}
