import type {AuthorsConfig, RenamedField} from '@variants/core';
import type {PerformerStackFields} from '../config';
import {stackTable} from './fields';

/** The fields of a side in their names, each behind a prefix; the width of both is no field of a side. */
export function writeSide(side: PerformerStackFields, hiddenSize: number, prefix: string): AuthorsConfig {
  const config = {...side, hiddenSize};
  const written: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(stackTable)) {
    const value = config[name as keyof typeof config];
    if (name === 'hiddenSize' || value === undefined) continue;
    const field: RenamedField | object = typeof entry === 'string' ? {theirs: entry} : entry;
    if ('theirs' in field) {
      const theirs = field.write ? field.write(value, config) : value;
      for (const their of [field.theirs, ...(field.also ?? [])]) written[`${prefix}${their}`] = theirs;
    } else if ('to' in field) {
      const to = field.to as (ours: unknown, all: object) => AuthorsConfig;
      for (const [their, theirs] of Object.entries(to(value, config))) written[`${prefix}${their}`] = theirs;
    }
  }
  return written;
}
