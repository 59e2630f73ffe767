import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {VariantsError} from '@variants/core';
import '@tensorflow/tfjs-backend-wasm';
import {architectures} from './architectures';
import {compare} from './compare';
import {htmlReport} from './html-report';
import {type BenchOptions, parseOptions} from './options';
import type {BenchReport} from './results';
import {formatTable} from './table';

/** Runs the comparison; resolves to the exit code. Ctrl-C ends it with what is done, a second one at once. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(
    argv,
    architectures.map(({card}) => card.name),
  );
  const chosen = architectures.filter(({card}) => options.only?.includes(card.name) ?? true);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const report = await compare(chosen, options, interrupt.signal);
  if (report.results.length > 0) await publish(report, options);
  if (!interrupt.signal.aborted) return 0;
  process.stderr.write(`\nInterrupted: ${report.results.length} of ${chosen.length} architectures are done\n`);
  return 130;
}

/** Prints the results and writes the reports. */
async function publish(report: BenchReport, options: BenchOptions): Promise<void> {
  const json = JSON.stringify(report, null, 2);
  await mkdir(options.out, {recursive: true});
  const files = {'comparison.json': json, 'comparison.html': htmlReport(report)};
  for (const [name, content] of Object.entries(files)) await writeFile(join(options.out, name), content);
  process.stdout.write(`${options.json ? json : formatTable(report)}\n`);
  const names = Object.keys(files).map((name) => join(options.out, name));
  process.stderr.write(`\nReports: ${names.join(', ')}\n`);
}

const argv = process.argv.slice(2);
try {
  process.exitCode = await main(argv);
} catch (error) {
  const {code, message} = error as NodeJS.ErrnoException;
  const expected = error instanceof VariantsError || code !== undefined;
  if (!expected || argv.includes('--debug')) console.error(error);
  else console.error(message);
  process.exitCode = 2;
}
