import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError, type VariantsError} from './errors';
import {nearestName} from './nearest-name';
import {isPromise, shown} from './shown';

/** What a caller gave, and may not have looked at the types of. */
type Given = Readonly<Record<string, unknown>>;

/**
 * Throws unless an argument is what a function takes.
 * @param owner The function, for the message.
 * @param name The argument's.
 * @param allowed What it must be: 'a text'.
 * @param kind The class of the error. Default ConfigError.
 * @throws That names the argument, what it is and what is allowed; a promise that somebody forgot to await, by that name.
 */
export function requireArgument(
  owner: string,
  name: string,
  value: unknown,
  isAllowed: boolean,
  allowed: string,
  kind: new (message: string) => VariantsError = ConfigError,
): void {
  if (isAllowed && !isPromise(value)) return;
  throw new kind(`${owner}: ${name} is ${shown(value)}, but must be ${allowed}`);
}

/**
 * Throws unless an argument is a whole number from `least` on.
 * @param kind The class of the error. Default ConfigError.
 */
export function requireCount(
  owner: string,
  name: string,
  value: unknown,
  least = 1,
  kind?: new (message: string) => VariantsError,
): void {
  const isCount = Number.isSafeInteger(value) && (value as number) >= least;
  requireArgument(owner, name, value, isCount, `a whole number of at least ${least}`, kind);
}

/** Whether a value holds options: an object that is no list, tensor, model, ... */
export function isPlainObject(value: unknown): value is Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return !(value instanceof tf.Tensor || value instanceof tf.serialization.Serializable || isPromise(value));
}

/**
 * Throws a ConfigError unless options are an object, and every one of them is known; of another name it tells the nearest
 * that is. What is undefined counts as not given.
 * @param owner The function, for the message.
 * @param meant Names that others use for the same. Default: none.
 */
export function requireOptions(
  owner: string,
  options: unknown,
  known: readonly string[],
  meant: Readonly<Record<string, string>> = {},
): void {
  if (options === undefined) return;
  requireArgument(owner, 'options', options, isPlainObject(options), `an object with some of ${known.join(', ')}`);
  for (const name of Object.keys(options as Given)) requireKnown(`${owner}: unknown option`, name, known, meant);
}

/** Throws a ConfigError unless what configures a model is an object, before its fields are looked at. */
export function requireGivenFields(owner: string, given: unknown): void {
  requireArgument(
    owner,
    'the configuration',
    given,
    isPlainObject(given),
    'an object of fields, such as {vocabSize: 256}',
  );
}

/** {@link requireOptions} for options that cannot be left out. */
export function requireGiven(owner: string, options: unknown, known: readonly string[]): void {
  requireArgument(owner, 'options', options, options !== undefined, `an object with some of ${known.join(', ')}`);
  requireOptions(owner, options, known);
}

/** Throws a ConfigError that begins with `what` unless a name is known; it tells which are, and the nearest of them. */
export function requireKnown(
  what: string,
  name: string,
  known: readonly string[],
  meant: Readonly<Record<string, string>> = {},
): void {
  if (known.includes(name)) return;
  const nearest = Object.hasOwn(meant, name) ? meant[name] : nearestName(name, known);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  throw new ConfigError(`${what} ${name.replace(/\s+/g, ' ').slice(0, 100)}; known are ${known.join(', ')}${hint}`);
}

/** Throws a ShapeError unless all arguments that a function calls so are tensors that are still there. */
export function requireTensors(owner: string, tensors: Given): void {
  for (const name in tensors) {
    const tensor = tensors[name];
    if (tensor instanceof tf.Tensor && !tensor.isDisposed) continue;
    const what = tensor instanceof tf.Tensor ? 'disposed' : shown(tensor);
    throw new ShapeError(`${owner}: ${name} is ${what}, but must be a tensor`);
  }
}

/**
 * {@link requireTensors}, each with as many axes as a shape in words has.
 * @param shape '[batch, time, features]'
 */
export function requireRank(owner: string, tensors: Given, shape: string): void {
  requireTensors(owner, tensors);
  for (const name in tensors) {
    const tensor = tensors[name] as tf.Tensor;
    if (tensor.rank !== shape.split(',').length || tensor.size === 0)
      throw new ShapeError(`${owner}: ${name} [${tensor.shape}] must have the shape ${shape}, each at least 1`);
  }
}

/** {@link requireTensors} for tensors that may be missing. */
export function requireOptionalTensors(owner: string, tensors: Given): void {
  for (const name in tensors) if (tensors[name] != null) requireTensors(owner, {[name]: tensors[name]});
}
