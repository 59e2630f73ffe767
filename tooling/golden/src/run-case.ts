import * as tf from '@tensorflow/tfjs';
import type {Actual} from './actual';
import {compareTensor} from './compare';
import type {GoldenCase, StoredTensor} from './golden-case';
import {toleranceOf} from './tolerance';

/** How the cases of one kind are run: computes all that such a case may store. */
export type Kind = (golden: GoldenCase) => Actual | Promise<Actual>;

/** A package's kinds by name. */
export type Kinds = {readonly [kind: string]: Kind};

/**
 * Runs a case and compares everything that it stores. Tensors and variables that were made meanwhile are freed; stream
 * states are the kind's own to dispose.
 * @returns A line for each tensor that is wrong or was not computed.
 */
export async function runCase(golden: GoldenCase, kinds: Kinds): Promise<string[]> {
  const engine = tf.engine();
  const variablesBefore = new Set(Object.keys(engine.state.registeredVariables));
  engine.startScope();
  try {
    return await failuresOf(golden, kinds);
  } finally {
    engine.endScope();
    for (const [name, variable] of Object.entries(engine.state.registeredVariables))
      if (!variablesBefore.has(name)) variable.dispose();
  }
}

async function failuresOf(golden: GoldenCase, kinds: Kinds): Promise<string[]> {
  const failures = await attempt(async () => {
    const kind = Object.hasOwn(kinds, golden.kind) ? kinds[golden.kind] : undefined;
    if (!kind) return [`the kind "${golden.kind}" is unknown; known are ${Object.keys(kinds).join(', ')}`];
    const actual = await kind(golden);
    const lines: string[] = [];
    for (const [name, expected] of golden.expected) {
      const failure = await attempt(() => failureOf(name, expected, actual, golden));
      lines.push(...failure.map((text) => `${name}: ${text}`));
    }
    return lines;
  });
  return failures.map((line) => `${golden.name}: ${line}`);
}

async function failureOf(name: string, expected: StoredTensor, actual: Actual, golden: GoldenCase): Promise<string[]> {
  if (!Object.hasOwn(actual, name)) return [`is stored, but the kind "${golden.kind}" does not compute it`];
  const given = actual[name];
  const computed = typeof given === 'function' ? await given() : given;
  const failure = await compareTensor(computed, expected, toleranceOf(name, golden.description));
  return failure === undefined ? [] : [failure];
}

/** What the function returns, or the message of what it throws as a line. */
async function attempt(run: () => Promise<string[]>): Promise<string[]> {
  try {
    return await run();
  } catch (error) {
    return [`throws ${error instanceof Error ? `${error.name}: ${error.message}` : error}`.replaceAll('\n', ' ')];
  }
}
