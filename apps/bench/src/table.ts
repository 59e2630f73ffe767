import Table from 'cli-table3';
import type {ArchitectureResult, BenchReport} from './results';

/** Bytes in the unit that leaves one to four digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** The columns of the comparison: heading and value. Shared by the terminal's table and the HTML report's. */
export function columns(report: BenchReport): [heading: string, value: (result: ArchitectureResult) => string][] {
  const [first, last] = [report.results[0].decoding[0], report.results[0].decoding.at(-1)].map(
    (point) => point?.context,
  );
  return [
    ['architecture', (r) => r.title],
    ['parameters', (r) => r.parameters.toLocaleString('en')],
    ['steps', (r) => String(r.steps)],
    ['train tokens/s', (r) => Math.round(r.tokensPerSecond).toLocaleString('en')],
    ['bits per byte', (r) => r.bitsPerByte.toFixed(3)],
    [`ms/token at ${first}`, (r) => r.decoding[0].millisecondsPerToken.toFixed(2)],
    [`ms/token at ${last}`, (r) => (r.decoding.at(-1)?.millisecondsPerToken ?? Number.NaN).toFixed(2)],
    [`state at ${last}`, (r) => formatBytes(r.decoding.at(-1)?.stateBytes ?? 0)],
  ];
}

/** The comparison as a table for a terminal, with a sample of each model's text below. */
export function formatTable(report: BenchReport): string {
  const shown = columns(report);
  const table = new Table({
    head: shown.map(([heading]) => heading),
    colAligns: shown.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: {head: [], border: []},
  });
  for (const result of report.results) table.push(shown.map(([, value]) => value(result)));
  const samples = report.results.map(({title, sample}) => `${title}: ${JSON.stringify(sample)}`);
  return [table.toString(), ...samples].join('\n\n');
}
