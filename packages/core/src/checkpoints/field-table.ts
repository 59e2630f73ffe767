import {CheckpointError} from '../errors';

/** A configuration as its authors write it. */
export type AuthorsConfig = {readonly [field: string]: unknown};

/** A field of ours that one of theirs holds. */
export interface RenamedField<Value = unknown, Config = object> {
  /** Their name. `layer.order` is the field `order` of their object `layer`. */
  theirs: string;
  /** Further names of theirs that the same value is written under. Default: none. */
  also?: readonly string[];
  /** Whether a configuration without it says too little. Default false. */
  required?: boolean;
  /** Their value where the field is missing. Default: what our configuration has by default. */
  usual?: unknown;
  /** Our value of theirs, which is never missing; undefined for our default. Default: the same. `file` is for messages. */
  read?(theirs: unknown, file: string): unknown;
  /** Their value of ours; undefined where they have none. Default: the same. */
  write?(ours: Value, config: Config): unknown;
}

/** A field of ours that does not stand in exactly one of theirs. */
export interface DerivedField<Value = unknown, Config = object> {
  /** Our value by all of theirs; undefined for our default. Default: undefined. `file` is for messages. */
  from?(json: AuthorsConfig, file: string): unknown;
  /** All that they have for ours. Default: nothing. */
  to?(ours: Value, config: Config): AuthorsConfig;
}

/**
 * Our fields of a configuration by those of its authors, for reading and writing alike. A plain name stands for the same
 * value under another name. Fields that are left out have no counterpart.
 */
export type FieldTable<Config> = {
  readonly [name in keyof Config]?: string | RenamedField<Config[name], Config> | DerivedField<Config[name], Config>;
};

/**
 * A field whose values have names of their own in the authors' files, such as activations.
 * @param names Ours by theirs. Of several names for one of ours the first is written.
 * @param usual Their value where the field is missing. Default: our default.
 */
export function namedValues<Value extends string>(
  theirs: string,
  names: Readonly<Record<string, Value>>,
  usual?: string,
): RenamedField<Value> {
  return {
    theirs,
    usual,
    read(value, file) {
      if (typeof value === 'string' && Object.hasOwn(names, value)) return names[value];
      throw new CheckpointError(
        `${file}: ${theirs} ${JSON.stringify(value)} is unknown; known are ${Object.keys(names).join(', ')}`,
      );
    },
    write: (value) => Object.keys(names).find((name) => names[name] === value),
  };
}

type AnyField = RenamedField | DerivedField;

function entriesOf<Config>(table: FieldTable<Config>): [name: string, field: AnyField][] {
  const entries = Object.entries(table) as [string, string | AnyField][];
  return entries.map(([name, field]) => [name, typeof field === 'string' ? {theirs: field} : field]);
}

/** The authors' names of the required fields that a configuration does not have. */
export function missingFields<Config>(table: FieldTable<Config>, json: AuthorsConfig, file: string): string[] {
  return entriesOf(table).flatMap(([, field]) =>
    'theirs' in field && field.required && valueAt(json, field.theirs, file) == null ? [field.theirs] : [],
  );
}

/** The fields that a configuration of the authors' gives, in our names. Values are not checked. `file` is for messages. */
export function readFields<Config>(table: FieldTable<Config>, json: AuthorsConfig, file: string): Partial<Config> {
  const readOne = (field: AnyField): unknown => {
    if (!('theirs' in field)) return field.from?.(json, file);
    const value = valueAt(json, field.theirs, file) ?? field.usual;
    return value == null || !field.read ? value : field.read(value, file);
  };
  const values = entriesOf(table).map(([name, field]) => [name, readOne(field)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Partial<Config>;
}

/** A configuration of ours in the authors' fields, and what they write besides, by their names. */
export function writeFields<Config extends object>(
  table: FieldTable<Config>,
  config: Config,
  constants: AuthorsConfig = {},
): AuthorsConfig {
  const json: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(constants)) putAt(json, field, value);
  for (const [name, field] of entriesOf(table)) {
    const value = config[name as keyof Config];
    if ('theirs' in field) {
      const written = field.write ? field.write(value, config) : value;
      for (const their of [field.theirs, ...(field.also ?? [])]) putAt(json, their, written);
    } else {
      Object.assign(json, field.to?.(value, config));
    }
  }
  return json;
}

/**
 * Throws a CheckpointError where a field of the authors' has another value than the only one that can be loaded. A field
 * that is missing has it.
 * @param only The values by the authors' names, as those of {@link RenamedField}.
 */
export function requireValues(only: AuthorsConfig, json: AuthorsConfig, file: string): void {
  for (const [field, expected] of Object.entries(only)) {
    const value = valueAt(json, field, file);
    if (value != null && value !== expected)
      throw new CheckpointError(
        `${file}: ${field} is ${JSON.stringify(value)}, but only ${JSON.stringify(expected)} can be loaded`,
      );
  }
}

function valueAt(json: AuthorsConfig, path: string, file: string): unknown {
  let value: unknown = json;
  for (const name of path.split('.')) {
    if (value == null) return undefined;
    if (typeof value !== 'object')
      throw new CheckpointError(`${file}: ${path} is looked for in ${JSON.stringify(value)}, which must be an object`);
    value = (value as AuthorsConfig)[name];
  }
  return value;
}

function putAt(json: Record<string, unknown>, path: string, value: unknown): void {
  if (value === undefined) return;
  const names = path.split('.');
  const last = names.pop() as string;
  let object = json;
  for (const name of names) {
    object[name] ??= {};
    object = object[name] as Record<string, unknown>;
  }
  object[last] = value;
}
