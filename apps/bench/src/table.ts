import Table from 'cli-table3';
import {formatBytes} from './bytes';
import type {ArchitectureResult, BenchReport} from './results';
import {visible} from './visible';

/** A column of the comparison, in the terminal's table and in the HTML report's. */
export interface Column {
  /** May have two lines. */
  heading: string;
  value(result: ArchitectureResult): string;
}

/** The columns of a report that has results. */
export function columns({results}: Pick<BenchReport, 'results'>): Column[] {
  const last = results[0].decoding.length - 1;
  const [shortest, longest] = [0, last].map((i) => results[0].decoding[i].context);
  return [
    {heading: 'architecture', value: ({title}) => title},
    {heading: 'parameters', value: ({parameters}) => parameters.toLocaleString('en')},
    {heading: 'steps', value: ({steps}) => steps.toLocaleString('en')},
    {heading: 'train\ntokens/s', value: ({tokensPerSecond}) => Math.round(tokensPerSecond).toLocaleString('en')},
    {heading: 'bits per\nbyte', value: ({bitsPerByte}) => bitsPerByte.toFixed(3)},
    {heading: `ms/token\nat ${shortest}`, value: ({decoding}) => decoding[0].millisecondsPerToken.toFixed(2)},
    {heading: `ms/token\nat ${longest}`, value: ({decoding}) => decoding[last].millisecondsPerToken.toFixed(2)},
    {heading: `state\nat ${longest}`, value: ({decoding}) => formatBytes(decoding[last].stateBytes)},
  ];
}

/** The comparison as a table for a terminal, with a sample of each model's text below; for a report that has results. */
export function formatTable(report: Pick<BenchReport, 'results'>): string {
  const shown = columns(report);
  const table = new Table({
    head: shown.map(({heading}) => heading),
    colAligns: shown.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: {head: [], border: [], compact: true},
  });
  for (const result of report.results) table.push(shown.map(({value}) => value(result)));
  const samples = report.results.map(({title, sample}) => `${title}: ${visible(JSON.stringify(sample))}`);
  return [table.toString(), ...samples].join('\n\n');
}
