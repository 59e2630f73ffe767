import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import '@tensorflow/tfjs-backend-wasm';
import {architectures} from './architectures';
import {exitCodes, runProgram} from './command-line';
import {compare} from './compare';
import {htmlReport} from './html-report';
import {compareKind, formatKindTable} from './kinds/compare-kind';
import type {ComparedKind} from './kinds/data';
import {type BenchOptions, parseOptions} from './options';
import type {Unfinished} from './results';
import {prepare} from './setup';
import {formatTable} from './table';

/** Runs the comparison; resolves to the exit code. Ctrl-C ends it with what is done, a second one at once. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(
    argv,
    architectures.map(({card}) => card.name),
  );
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  if (options.kind !== 'language-model') return compareOfKind(options.kind, options, interrupt.signal);
  const setup = await prepare(
    architectures.filter(({card}) => options.only?.includes(card.name) ?? true),
    options,
  );
  const report = await compare(setup, options, interrupt.signal);
  const files = {'comparison.json': () => JSON.stringify(report, null, 2), 'comparison.html': () => htmlReport(report)};
  await publish(report, options, files, () => formatTable(report));
  return exitCodeOf(report, interrupt.signal);
}

async function compareOfKind(kind: ComparedKind, options: BenchOptions, signal: AbortSignal): Promise<number> {
  const report = await compareKind(kind, options, signal);
  const files = {[`comparison-${kind}.json`]: () => JSON.stringify(report, null, 2)};
  await publish(report, options, files, () => formatKindTable(report));
  return exitCodeOf(report, signal);
}

function exitCodeOf({unfinished}: Outcome, signal: AbortSignal): number {
  if (signal.aborted) return exitCodes.interrupted;
  return unfinished.length === 0 ? exitCodes.done : exitCodes.failed;
}

/** What any report has. */
interface Outcome {
  results: readonly object[];
  unfinished: readonly Unfinished[];
}

/**
 * Writes the reports where there are results, prints these, and says on standard error what has none.
 * @param files Their contents by their names.
 */
async function publish(
  report: Outcome,
  {out, json}: BenchOptions,
  files: {[name: string]: () => string},
  table: () => string,
): Promise<void> {
  const {results, unfinished} = report;
  const written = results.length === 0 ? [] : Object.entries(files);
  for (const [name, content] of written) await writeFile(join(out, name), content());
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (results.length > 0) process.stdout.write(`${table()}\n`);
  for (const {title, reason} of unfinished) process.stderr.write(`${title} has no results: ${reason}\n`);
  const names = written.map(([name]) => join(out, name));
  if (names.length > 0) process.stderr.write(`\nReports: ${names.join(', ')}\n`);
}

await runProgram(main);
