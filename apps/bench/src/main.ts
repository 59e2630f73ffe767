import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import '@tensorflow/tfjs-backend-wasm';
import {architectures} from './architectures';
import {exitCodes, runProgram} from './command-line';
import {compare} from './compare';
import {htmlReport} from './html-report';
import {type BenchOptions, parseOptions} from './options';
import type {BenchReport} from './results';
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

await runProgram(main);
