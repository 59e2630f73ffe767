import {VariantsError} from '@variants/core';

/** Throws unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless all values are finite and within `tolerance`, relative to the largest expected one. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert(actual.length === expected.length, `${what}: ${actual.length} values instead of ${expected.length}`);
  const largest = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let i = 0; i < expected.length; i++)
    assert(
      Math.abs(actual[i] - expected[i]) <= tolerance * largest,
      `${what}: value ${i} is ${actual[i]} instead of ${expected[i]} (largest ${largest})`,
    );
}

/** Throws unless two lists of values are the same to the bit. */
export function assertSame(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert(actual.length === expected.length, `${what}: ${actual.length} values instead of ${expected.length}`);
  for (let i = 0; i < expected.length; i++)
    assert(Object.is(actual[i], expected[i]), `${what}: value ${i} is ${actual[i]} instead of ${expected[i]}`);
}

/** Throws unless two models have the same weights to the bit, under the same names in the same order. */
export function assertSameWeights(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  what: string,
): void {
  const [names, wanted] = [[...actual.keys()].join(), [...expected.keys()].join()];
  assert(names === wanted, `${what}: the weights are ${names} instead of ${wanted}`);
  for (const [name, values] of expected)
    assertSame(actual.get(name) as Float32Array, values, `${what}: weight ${name}`);
}

type ErrorKind = abstract new (...args: never[]) => VariantsError;

/** Throws unless `run` throws a VariantsError of that kind whose message is one line that matches. */
export function assertRefuses(run: () => unknown, kind: ErrorKind, message: RegExp, what: string): void {
  const error = errorOf(run);
  assert(error !== undefined, `${what}: is accepted`);
  assert(
    error instanceof VariantsError && error instanceof kind,
    `${what}: throws "${error}", which is no ${kind.name}`,
  );
  assert(message.test(error.message), `${what}: the message "${error.message}" does not match ${message}`);
  assert(!error.message.includes('\n'), `${what}: the message "${error.message}" has more than one line`);
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
