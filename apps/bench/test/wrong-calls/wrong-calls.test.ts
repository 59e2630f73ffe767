import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {StreamState, VariantsError} from '@variants/core';
import {retnet} from '@variants/retnet';
import {train} from '@variants/train';
import {beforeAll, describe, expect, it} from 'vitest';
import {type Entry, entries, type GoodCall} from './good-calls';

const packages = join(import.meta.dirname, '../../../../packages');

/** What every package exports, by its interface report. */
function publicNames(): Map<string, string[]> {
  const reports = readdirSync(packages).flatMap((name) => {
    const folder = join(packages, name, 'etc');
    return readdirSync(folder).map((file) => [file.replace('.api.md', ''), join(folder, file)] as const);
  });
  const declared = /^export (?:abstract class|class|const|function|namespace) (\w+)/gm;
  return new Map(
    reports.map(([name, path]) => {
      const names = Array.from(readFileSync(path, 'utf8').matchAll(declared), ([, exported]) => exported);
      return [name, [...new Set(names)]];
    }),
  );
}

/** What people give by mistake, in place of any argument. */
const mistakes: [string, () => unknown][] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a text', () => 'text'],
  ['a number', () => 7],
  ['NaN', () => Number.NaN],
  ['{}', () => ({})],
  ['an unknown option', () => ({bananas: 1})],
  ['[]', () => []],
  ['texts', () => ['a', 'b']],
  ['a promise', () => Promise.resolve({})],
  ['a function', () => () => 1],
  ['a tensor', () => tf.ones([2, 2])],
  ['a model of tfjs', () => tf.sequential({layers: [tf.layers.dense({units: 1, inputShape: [1]})]})],
];

/** What only who knows our sources, or tfjs's, understands. */
const internals =
  /is not a function|is not iterable|Cannot read|cannot read|reading '|destructure|is not defined|instanceof|undefined \(|passed to '|must be a Tensor|Invalid|Assertion|BigInt|Symbol|Container|already disposed/;

/** Calls, and uses up what comes; gives what is thrown. */
async function errorOf([call, ...args]: ReturnType<GoodCall>): Promise<unknown> {
  try {
    const result = await call(...(args as never[]));
    // A stream keeps its state until somebody frees it.
    const {state} = (result ?? {}) as {state?: unknown};
    if (state instanceof StreamState) state.dispose();
    const iterable = result as Partial<AsyncIterable<unknown> & Iterator<unknown>> | null | undefined;
    if (typeof iterable?.[Symbol.asyncIterator] === 'function')
      for await (const _ of iterable as AsyncIterable<unknown>) break;
    else if (typeof iterable?.next === 'function') {
      await iterable.next();
      iterable.return?.();
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

function complaintAbout(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof VariantsError)) return `${(error as Error)?.stack?.split('\n').slice(0, 4).join(' | ')}`;
  if (/\n/.test(error.message)) return `several lines: ${error.message}`;
  return internals.test(error.message) ? `internals: ${error.message}` : undefined;
}

/** The good call with each argument, and each option, replaced by each mistake, and without its last arguments. */
function* wrongCalls(good: GoodCall): Generator<[string, ReturnType<GoodCall>]> {
  const count = good().length - 1;
  for (let i = 0; i < count; i++) {
    const [call, ...fewer] = good();
    yield [`${i} arguments`, [call, ...fewer.slice(0, i)]];
    for (const [name, mistake] of mistakes) {
      const [, ...args] = good();
      args[i] = mistake();
      yield [`argument ${i} is ${name}`, [call, ...args]];
    }
    // The first two count as not given.
    for (const option of optionsOf(good()[i + 1]))
      for (const [name, mistake] of mistakes.slice(2)) {
        const [, ...args] = good();
        args[i] = {...(args[i] as object), [option]: mistake()};
        yield [`option ${option} is ${name}`, [call, ...args]];
      }
  }
}

const optionsOf = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  // A source, a task: nobody makes those by mistake.
  !Object.values(value).some((field) => typeof field === 'function')
    ? Object.keys(value)
    : [];

const goodCallsOf = (entry: Entry): GoodCall[] => (typeof entry === 'string' ? [] : [entry].flat());

/** Frees whatever was made meanwhile. */
async function freed<T>(body: () => Promise<T>): Promise<T> {
  const engine = tf.engine();
  const before = new Set(Object.keys(engine.state.registeredVariables));
  engine.startScope();
  try {
    return await body();
  } finally {
    engine.endScope();
    for (const [name, variable] of Object.entries(engine.state.registeredVariables))
      if (!before.has(name)) variable.dispose();
  }
}

beforeAll(() => tf.setBackend('cpu'));

it('every public name of every package stands in the table', () => {
  const missing = Array.from(publicNames()).flatMap(([name, exported]) =>
    exported.filter((each) => !(each in (entries[name] ?? {}))).map((each) => `${name}: ${each}`),
  );
  expect(missing).toEqual([]);
});

for (const [name, table] of Object.entries(entries))
  describe(`the public functions of ${name}`, () => {
    const functions = Object.entries(table).flatMap(([exported, entry]) =>
      goodCallsOf(entry).map((good, i, all) => [all.length > 1 ? `${exported} ${i}` : exported, good] as const),
    );
    it.each(functions)('%s says in words of ours what is wrong', async (_, good) => {
      const found = await freed(async () => {
        const complaints: string[] = [];
        for (const [what, call] of wrongCalls(good)) {
          const complaint = complaintAbout(await errorOf(call));
          if (complaint !== undefined) complaints.push(`${what}: ${complaint}`);
        }
        return complaints;
      });
      expect(found).toEqual([]);
    });
  });

it('a disposed model says so', async () => {
  const model = retnet({vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2});
  model.dispose();
  model.dispose();
  const calls: (() => unknown)[] = [
    () => model.logits([1]),
    () => model.loss([1, 2]),
    () => model.stream([1]),
    () => model.hidden([1]),
    () => model.generate([1]),
    () => train(model, {} as Parameters<typeof train>[1]),
  ];
  for (const call of calls) expect(call).toThrow(/the model was disposed and has no weights any more/);
});
