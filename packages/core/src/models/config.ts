import {isPlainObject, requireArgument, requireKnown} from '../arguments';
import {ConfigError} from '../errors';
import {isPromise, shown} from '../shown';

/** The rule of one configuration field: what it becomes, or a ConfigError. */
export interface Field<T> {
  /** What the field may hold, for messages: 'a whole number of at least 1'. */
  allowed: string;
  /** Whether a value is allowed. */
  accepts(value: unknown): boolean;
  /**
   * What is wrong with a part of a value that is not allowed, in words that follow "is <value>, but". Default: that it must
   * be what is allowed.
   */
  fault?(value: unknown): string | null;
  /** The value of a field that is not given; undefined where it must be given. */
  fallback?: T;
}

const field = <T>(allowed: string, accepts: (value: unknown) => boolean, fallback?: T): Field<T> => ({
  allowed,
  accepts,
  fallback,
});

const isCount = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;

/** Rules for the kinds of fields that configurations have. Each takes the value of a missing field; without, it is required. */
export const fields = {
  count: (fallback?: number, least = 1): Field<number> =>
    field(`a whole number of at least ${least}`, (v) => isCount(v, least), fallback),
  positive: (fallback?: number): Field<number> =>
    field('a number above 0', (v) => typeof v === 'number' && Number.isFinite(v) && v > 0, fallback),
  notNegative: (fallback?: number): Field<number> =>
    field('a number of at least 0', (v) => typeof v === 'number' && Number.isFinite(v) && v >= 0, fallback),
  odd: (fallback?: number, least = 1): Field<number> =>
    field(`an odd number of at least ${least}`, (v) => isCount(v, least) && v % 2 === 1, fallback),
  even: (fallback?: number, least = 2): Field<number> =>
    field(`an even number of at least ${least}`, (v) => isCount(v, least) && v % 2 === 0, fallback),
  rate: (fallback?: number): Field<number> =>
    field('a number from 0 up to, but not including, 1', (v) => typeof v === 'number' && v >= 0 && v < 1, fallback),
  flag: (fallback?: boolean): Field<boolean> => field('true or false', (v) => typeof v === 'boolean', fallback),
  choice: <T extends string>(names: readonly T[], fallback?: T): Field<T> =>
    field(`one of ${names.join(', ')}`, (v) => names.includes(v as T), fallback),
  /** The epsilon of norms. */
  epsilon: (fallback?: number): Field<number> => fields.positive(fallback),
  /** A rate of dropout, 0 by default. */
  dropout: (): Field<number> => fields.rate(0),
  /** A seed, 0 by default. */
  seed: (): Field<number> => fields.count(0, 0),
  /** A field that may be missing or null, which counts as null. */
  optional: <T>(rule: Field<T>): Field<T | null> => ({
    allowed: `${rule.allowed}, or nothing`,
    accepts: (v) => v === null || rule.accepts(v),
    fault: (v) => rule.fault?.(v) ?? null,
    fallback: null,
  }),
};

/** The rules of all fields of a configuration. */
export type Fields<Config> = {[name in keyof Config]-?: Field<Config[name]>};

/**
 * Completes and checks a configuration.
 * @param architecture Its name, for messages.
 * @param rules A rule per field.
 * @param given What the user gave.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveFields<Config extends object>(
  architecture: string,
  rules: Fields<Config>,
  given: object,
): Config {
  const known = Object.keys(rules);
  const allowed = `an object with some of ${known.join(', ')}`;
  requireArgument(architecture, 'what configures it', given, isPlainObject(given), allowed);
  for (const name of Object.keys(given)) requireKnown(`${architecture}: unknown field`, name, known);
  const complete: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules) as [string, Field<unknown>][]) {
    const value = (given as Record<string, unknown>)[name] ?? rule.fallback;
    if (value === undefined)
      throw new ConfigError(`${architecture}: the field ${name} is missing; it must be ${rule.allowed}`);
    if (isPromise(value) || !rule.accepts(value))
      throw new ConfigError(
        `${architecture}: ${name} is ${shown(value)}, but ${rule.fault?.(value) ?? `must be ${rule.allowed}`}`,
      );
    complete[name] = value;
  }
  return complete as Config;
}

/** Throws a ConfigError unless `condition` holds; for rules between fields. */
export function requireConfig(condition: boolean, architecture: string, message: string): void {
  if (!condition) throw new ConfigError(`${architecture}: ${message}`);
}

/**
 * Throws a ConfigError unless the field `divisor` of a configuration divides its field `dividend`.
 * @param note What else the message says. Default: nothing.
 */
export function requireDivides<Config extends object>(
  architecture: string,
  config: Config,
  divisor: keyof Config & string,
  dividend: keyof Config & string,
  note = '',
): void {
  const [part, whole] = [config[divisor] as number, config[dividend] as number];
  requireConfig(
    whole % part === 0,
    architecture,
    `${divisor} is ${part}, but must divide ${dividend} ${whole}${note && ` ${note}`}`,
  );
}

/**
 * Throws a ConfigError where a configuration has what its variant (its version, ...) has not: a number that is not 0, or a
 * flag that is true. In the variants that have it a number is at least `least`.
 * @param selector The field that names the variant.
 * @param having The variants that have what a field is about.
 * @param least Default 1.
 */
export function requireOnlyIn<Config extends object, Selector extends keyof Config & string>(
  architecture: string,
  config: Config,
  selector: Selector,
  having: {readonly [field in keyof Config]?: readonly Config[Selector][]},
  least = 1,
): void {
  const variant = config[selector];
  for (const [name, variants] of Object.entries(having) as [keyof Config & string, readonly Config[Selector][]][]) {
    const value: unknown = config[name];
    const none = typeof value === 'boolean' ? false : 0;
    const isThere = variants.includes(variant);
    const allowed = isThere ? `at least ${least}` : `${none}, as ${selector} ${variant} has none`;
    const isAllowed = isThere ? typeof value === 'boolean' || (value as number) >= least : value === none;
    requireConfig(isAllowed, architecture, `${name} is ${value}, but must be ${allowed}`);
  }
}
