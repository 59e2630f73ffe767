import Table from 'cli-table3';
import {measurementOf, outcomeText, peersOf, ratioText, ratioTo} from './figures';
import type {CaseReport, EngineReport, GroupReport} from './report';

/** A column of numbers. */
interface Column {
  /** Of two lines. */
  heading: string;
  value(report: CaseReport): string;
}

const noLines = {top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': ''};
const noCorners = {'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': ''};
const noBorders = {...noLines, ...noCorners, right: '', 'right-mid': '', middle: ' '};

/** All groups as tables for a terminal, below 100 columns, with what went wrong underneath. */
export function formatReport(report: EngineReport): string {
  const missing = report.missing.map(({title, reason}) => `${title} is left out: ${reason}.`);
  const errors = report.groups.flatMap(errorsOf);
  const tables = report.groups.map((group) => formatGroup(group, report));
  return [
    ...tables,
    ...(missing.length > 0 ? [missing.join('\n')] : []),
    ...(errors.length > 0 ? [errors.join('\n')] : []),
  ].join('\n\n');
}

function formatGroup(group: GroupReport, report: EngineReport): string {
  const columns = columnsOf(group, report);
  const table = new Table({
    head: ['', ...columns.map(({heading}) => heading)],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    chars: noBorders,
    style: {head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0},
  });
  for (const entry of group.cases) table.push([entry.name, ...columns.map(({value}) => value(entry))]);
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  return `${group.title}, ${group.unit}\n${lines.join('\n')}`;
}

function columnsOf(group: GroupReport, report: EngineReport): Column[] {
  const {engine, others} = peersOf(group, report);
  const {unit} = group;
  return [
    ...engine.threads.map((threads) => ({
      heading: `simd\nx${threads}`,
      value: (entry: CaseReport) => outcomeText(measurementOf(entry, engine.name, threads)?.outcome, unit, entry),
    })),
    ...others.map(({name, title}) => ({
      heading: twoLines(title),
      value: (entry: CaseReport) => outcomeText(measurementOf(entry, name)?.outcome, unit, entry),
    })),
    ...others.map(({name}) => ({
      heading: `vs\n${name}`,
      value: (entry: CaseReport) => ratioText(ratioTo(name, entry, engine.name)),
    })),
  ];
}

const twoLines = (title: string) => (title.includes(' ') ? title.replace(' ', '\n') : `\n${title}`);

function errorsOf({name, cases}: GroupReport): string[] {
  return cases.flatMap((entry) =>
    entry.measurements.flatMap(({peer, threads, outcome}) =>
      'error' in outcome ? [`${name}: ${entry.name}: ${peer} with ${threads} failed: ${outcome.error}`] : [],
    ),
  );
}
