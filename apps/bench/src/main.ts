import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {VariantsError} from '@variants/core';
import '@tensorflow/tfjs-backend-wasm';
import {architectures} from './architectures';
import {compare} from './compare';
import {htmlReport} from './html-report';
import {type BenchOptions, parseOptions} from './options';
import type {BenchReport} from './results';
import {prepare} from './setup';
import {formatTable} from './table';

/** What the process ends with: 130 is a shell's word for Ctrl-C. */
const exitCodes = {done: 0, failed: 1, refused: 2, interrupted: 130};

/** Runs the comparison; resolves to the exit code. Ctrl-C ends it with what is done, a second one at once. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(
    argv,
    architectures.map(({card}) => card.name),
  );
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const setup = await prepare(
    architectures.filter(({card}) => options.only?.includes(card.name) ?? true),
    options,
  );
  const report = await compare(setup, options, interrupt.signal);
  await publish(report, options);
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  return report.unfinished.length === 0 ? exitCodes.done : exitCodes.failed;
}

/** Writes the reports where there are results, prints these, and says on standard error what has none. */
async function publish(report: BenchReport, options: BenchOptions): Promise<void> {
  const {results, unfinished} = report;
  const json = JSON.stringify(report, null, 2);
  const files = results.length === 0 ? {} : {'comparison.json': json, 'comparison.html': htmlReport(report)};
  for (const [name, content] of Object.entries(files)) await writeFile(join(options.out, name), content);
  if (options.json) process.stdout.write(`${json}\n`);
  else if (results.length > 0) process.stdout.write(`${formatTable(report)}\n`);
  for (const {title, reason} of unfinished) process.stderr.write(`${title} has no results: ${reason}\n`);
  const names = Object.keys(files).map((name) => join(options.out, name));
  if (names.length > 0) process.stderr.write(`\nReports: ${names.join(', ')}\n`);
}

/** Prints an error in one line, with its stack where that is asked for; gives the exit code. */
function fail(error: unknown, debug: boolean): number {
  const {syscall, message} = error as NodeJS.ErrnoException;
  const expected = error instanceof VariantsError || syscall !== undefined;
  if (debug) console.error(error);
  else console.error(expected ? message : `${message}; this should not happen, --debug shows where it comes from`);
  return expected ? exitCodes.refused : exitCodes.failed;
}

// Whoever reads may stop reading, as head does; the reports are written all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
const argv = process.argv.slice(2);
process.exitCode = await main(argv).catch((error) => fail(error, argv.includes('--debug')));
