import type {Field} from '@variants/core';

/** A number from 0 on: a learning rate, a decay. */
export function rateField(fallback?: number): Field<number> {
  return {allowed: 'a number from 0 on', accepts: isRate, fallback};
}

function isRate(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Adam's two betas. */
export function betasField(fallback: readonly [number, number]): Field<readonly [number, number]> {
  return {
    allowed: 'two numbers from 0 up to, but not including, 1',
    accepts: (value) => Array.isArray(value) && value.length === 2 && value.every((beta) => isRate(beta) && beta < 1),
    fallback,
  };
}
