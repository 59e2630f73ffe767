import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {ConfigError, replaceFiles, start} from '@variants/core';
import Table from 'cli-table3';
import {architectures} from '../architectures';
import {exitCodes} from '../command-line';
import {conditions} from '../conditions';
import {Progress} from '../engine/progress';
import {markdownTable, withMeasured} from '../markdown';
import {scalingFields} from './entrants';
import {measureField} from './measure';
import {parseScalingOptions, type ScalingOptions} from './options';
import {type ScalingReport, scalingPlot, scalingRows} from './report';

const docs = join(import.meta.dirname, '../../../../docs');

/** Runs the benchmark of lengths; resolves to the exit code. Ctrl-C ends it with what is done, and the next run goes on. */
export async function scaling(argv: readonly string[]): Promise<number> {
  const options = parseScalingOptions(
    argv,
    architectures.map(({card}) => card.name),
  );
  if (options.document !== undefined) {
    await documentScaling(await readReport(options.document));
    process.stderr.write('The figures are in docs/performance.md\n');
    return exitCodes.done;
  }
  const report = await begin(options);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const progress = new Progress(process.stderr);
  const interrupted = await measure(report, options, interrupt.signal, (text) => progress.show(text, '')).then(
    () => false,
    (error) => {
      if (!interrupt.signal.aborted) throw error;
      return true;
    },
  );
  progress.end();
  process.stdout.write(`${terminalTable(report)}\n`);
  process.stderr.write(`\nResults: ${options.out}\n`);
  if (interrupted) process.stderr.write('Interrupted; the same command goes on\n');
  return interrupted ? exitCodes.interrupted : exitCodes.done;
}

/** What an earlier run with the same settings measured, or a report that has nothing yet. */
async function begin({out, fresh, lengths, rounds, secondsPerStep, parameters, seed}: ScalingOptions) {
  const engine = await start();
  await mkdir(dirname(out), {recursive: true});
  const settings = {engine, parameters, rounds, secondsPerStep, seed};
  const empty: ScalingReport = {...conditions('pnpm bench'), ...settings, lengths, results: []};
  if (fresh) return empty;
  const earlier = await readFile(out, 'utf8').catch(() => undefined);
  if (earlier === undefined) return empty;
  const report = parseReport(earlier, out);
  const other = Object.entries(settings).find(([name, value]) => report[name as keyof typeof settings] !== value);
  if (other)
    throw new ConfigError(
      `--out: ${out} has results with ${other[0]} ${report[other[0] as keyof typeof settings]} instead of ${other[1]}; --fresh measures anew, or name another file`,
    );
  return {...report, lengths: [...new Set([...report.lengths, ...lengths])].sort((a, b) => a - b)};
}

async function measure(
  report: ScalingReport,
  {only, parameters, seed, out, ...plan}: ScalingOptions,
  signal: AbortSignal,
  show: (text: string) => void,
): Promise<void> {
  for (const field of await scalingFields(parameters, only, seed)) {
    const resultOf = (wanted: string) => report.results.find(({kind, name}) => kind === field.kind && name === wanted);
    await measureField(field, plan, {
      signal,
      show,
      known: (name, length) => resultOf(name)?.points.find((point) => point.length === length),
      keep: async ({name, title, claim}, outcome) => {
        const result = resultOf(name) ?? {kind: field.kind, name, title, claim, points: []};
        if (!report.results.includes(result)) report.results.push(result);
        result.points.push(outcome);
        result.points.sort((a, b) => a.length - b.length);
        const file = new Map([[basename(out), () => [Buffer.from(`${JSON.stringify(report)}\n`)]]]);
        await replaceFiles(dirname(out), file, () => false);
      },
    });
  }
}

async function readReport(file: string): Promise<ScalingReport> {
  return parseReport(await readFile(file, 'utf8'), file);
}

function parseReport(text: string, file: string): ScalingReport {
  let report: ScalingReport | undefined;
  try {
    report = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (Array.isArray(report?.results) && Array.isArray(report.lengths)) return report;
  throw new ConfigError(`${file} has no figures of pnpm bench scaling, which writes them with --out`);
}

function terminalTable(report: ScalingReport): string {
  const [head, ...rows] = scalingRows(report);
  const table = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: {head: [], border: [], compact: true},
  });
  table.push(...rows);
  const missing = report.results.flatMap(({title, points}) =>
    points.flatMap((point) => ('missing' in point ? [`${title} at ${point.length}: ${point.missing}`] : [])),
  );
  return [table.toString(), ...missing].join('\n');
}

/** Puts the table into docs/performance.md, and the plot beside it. */
async function documentScaling(report: ScalingReport): Promise<void> {
  const {machine, date, commit, command, rounds} = report;
  const [head, ...rows] = scalingRows(report);
  const text = [
    `${machine}; ${date.slice(0, 10)}, commit ${commit}: \`${command}\`. Medians of ${rounds} rounds in which all took turns.`,
    markdownTable(head, rows),
    '![Time of a training step against the length](scaling.svg)',
  ].join('\n\n');
  const page = join(docs, 'performance.md');
  await writeFile(page, withMeasured(await readFile(page, 'utf8'), 'scaling', text));
  await writeFile(join(docs, 'scaling.svg'), `${scalingPlot(report)}\n`);
}
