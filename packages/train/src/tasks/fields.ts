import {ConfigError, nearestName, requireArgument, shown} from '@variants/core';
import {wholeRange} from '../checks';
import {oneLine} from '../one-line';

/** What a field of a task's configuration can hold; null stands for "drawn at random". */
export type FieldValue = number | boolean | null;

/** A configuration of a task that is known by name only. */
export type TaskConfig = Record<string, FieldValue>;

/** One field: its default (absent where the user must choose) and what it may hold by itself. */
export interface Field<V extends FieldValue = FieldValue> {
  readonly initial?: V;
  /** In words, for errors and help: "a whole number from 1". */
  readonly allowed: string;
  accepts(value: unknown): boolean;
}

/** A field for every entry of a configuration. */
export type Fields<C> = {readonly [K in keyof C]: Field<C[K] & FieldValue>};

/** Says what is wrong with one field in the light of the others: nothing when `holds`, else a ConfigError. */
export type Must<C> = (field: keyof C & string, holds: boolean, allowed: string) => void;

/** A whole number from `min` to `max`. */
export function whole(initial: number | undefined, min: number, max = Infinity): Field<number> {
  return {
    initial,
    allowed: wholeRange(min, max),
    accepts: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A number from 0 to 1. */
export function fraction(initial: number): Field<number> {
  return {initial, allowed: 'a number from 0 to 1', accepts: isFraction};
}

/** A place from 0 (the start) to 1 (the end), or null to draw it anew for every example. */
export function depth(): Field<number | null> {
  return {
    initial: null,
    allowed: 'a number from 0 to 1, or null for random',
    accepts: (v) => v === null || isFraction(v),
  };
}

/** true or false. */
export function flag(initial: boolean): Field<boolean> {
  return {initial, allowed: 'true or false', accepts: (value) => typeof value === 'boolean'};
}

function isFraction(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** The defaults of the fields that have one. */
export function defaultsOf<C>(fields: Fields<C>): Partial<C> {
  const entries = Object.entries<Field>(fields).filter(([, field]) => field.initial !== undefined);
  return Object.fromEntries(entries.map(([name, field]) => [name, field.initial])) as Partial<C>;
}

/** Fills `config` up with the defaults and checks each field by itself. */
export function resolveFields<C>(owner: string, fields: Fields<C>, config: Partial<C>): C {
  const known = Object.keys(fields);
  const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
  requireArgument(owner, 'its configuration', config, isObject, `an object with some of ${known.join(', ')}`);
  for (const name of Object.keys(config)) {
    if (Object.hasOwn(fields, name)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    throw new ConfigError(`${owner}: there is no field ${oneLine(name)}; the fields are ${known.join(', ')}${hint}`);
  }
  const given = config as Readonly<Record<string, unknown>>;
  const resolved = Object.entries<Field>(fields).map(([name, field]) => [
    name,
    resolveField(owner, name, field, given[name]),
  ]);
  return Object.fromEntries(resolved) as C;
}

function resolveField(owner: string, name: string, field: Field, given: unknown): unknown {
  const value = given === undefined ? field.initial : given;
  if (value === undefined) throw new ConfigError(`${owner}: ${name} has no default; give ${field.allowed}`);
  if (!field.accepts(value)) throw new ConfigError(`${owner}: ${name} is ${shown(value)}; allowed: ${field.allowed}`);
  return value;
}
