import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {ConfigError} from '@variants/core';
import {markdownTable} from '../markdown';
import {inUnit, measurementOf, medianOf, outcomeText, peersOf, ratioText, ratioTo, short} from './figures';
import {floorOf, machinePeak} from './floor';
import type {CaseReport, EngineReport, GroupReport} from './report';
import {quantile, spread} from './statistics';

const page = join(import.meta.dirname, '../../../../docs/performance.md');

/**
 * Puts the figures of a run into docs/performance.md, between its markers.
 * @param file What `--json` wrote.
 * @returns What was done, in a line.
 * @throws ConfigError when the file is not of a whole run.
 */
export async function documentRun(file: string): Promise<string> {
  const report = parseReport(await readFile(file, 'utf8'), file);
  await writeFile(page, withFigures(await readFile(page, 'utf8'), report));
  return `Figures of ${report.date} are in docs/performance.md`;
}

function parseReport(text: string, file: string): EngineReport {
  let report: EngineReport | undefined;
  try {
    report = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (!Array.isArray(report?.groups))
    throw new ConfigError(`${file} has no figures of this benchmark; pnpm bench:engine --json ${file} writes them`);
  return report;
}

/**
 * A page with a run's figures: what stands between `<!-- figures NAME -->` and `<!-- /figures -->` is replaced, for the
 * names `conditions`, `floor` and those of the groups.
 * @throws ConfigError when the run has no figures of that name, or was interrupted.
 */
export function withFigures(markdown: string, report: EngineReport): string {
  if (report.unfinished.length > 0)
    throw new ConfigError(`these figures are of a run that was interrupted at ${report.unfinished[0]}`);
  return markdown.replace(
    /(<!-- figures (\S+) -->\n).*?(<!-- \/figures -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${figuresOf(name, report)}\n\n${end}`,
  );
}

function figuresOf(name: string, report: EngineReport): string {
  if (name === 'conditions') return conditionsText(report);
  if (name === 'floor') return floorTable(report);
  const group = report.groups.find((group) => group.name === name);
  if (!group) throw new ConfigError(`these figures lack the group ${name}; measure without --only`);
  return groupTable(group, report);
}

function conditionsText(report: EngineReport): string {
  const {machine, date, commit, command, samples, peers, missing} = report;
  const spreads = report.groups.flatMap(({cases}) =>
    cases.flatMap(({measurements}) =>
      measurements.flatMap(({outcome}) =>
        'milliseconds' in outcome && outcome.milliseconds.length > 1 ? [spread(outcome.milliseconds)] : [],
      ),
    ),
  );
  const percent = (share: number) => `${Math.round(100 * quantile(spreads, share))} %`;
  return [
    `${machine}; ${date.slice(0, 10)}, commit ${commit}: \`${command}\`.`,
    `Medians of up to ${samples} samples, of ${peers.map(({title}) => title).join(', ')}${missing.map(({title}) => `; ${title} was missing`).join('')}.`,
    ...(spreads.length > 0
      ? [
          `The middle half of a case's samples lies within ${percent(0.5)} of its median; of one case in ten it is more than ${percent(0.9)}.`,
        ]
      : []),
  ].join('\n');
}

function groupTable(group: GroupReport, report: EngineReport): string {
  const {engine, others} = peersOf(group, report);
  const {unit} = group;
  const head = [
    unit,
    ...engine.threads.map((threads) => `${engine.title}, ${threads} thread${threads === 1 ? '' : 's'}`),
    ...others.map(({title}) => title),
  ];
  const row = (entry: CaseReport) => [
    entry.name,
    ...engine.threads.map((threads) => outcomeText(measurementOf(entry, engine.name, threads)?.outcome, unit, entry)),
    ...others.map(({name}) => {
      const ratio = ratioText(ratioTo(name, entry, engine.name));
      return outcomeText(measurementOf(entry, name)?.outcome, unit, entry) + (ratio && ` (${ratio})`);
    }),
  ];
  return markdownTable(head, group.cases.map(row));
}

function floorTable(report: EngineReport): string {
  const peak = machinePeak(report);
  const rows = report.groups
    .filter(({name}) => name !== 'memory' && name !== 'peak')
    .flatMap(({name, cases}) => cases.map((entry) => floorRow(`${name}: ${entry.name}`, entry, report)));
  const rates = [peak.operations, peak.memory, peak.cache].map((perMillisecond) => short(perMillisecond / 1e6));
  return [
    `Measured peak: ${rates[0]} GFLOP/s of multiply-adds, ${rates[1]} GB/s from memory, ${rates[2]} GB/s from a cache.`,
    markdownTable(['', 'floor, ms', 'by', 'here, ms', 'of the floor', 'left, ms', 'the fastest peer'], rows),
  ].join('\n\n');

  function floorRow(name: string, entry: CaseReport, {peers: [engine, ...others]}: EngineReport): string[] {
    const {milliseconds, by} = floorOf(entry, peak);
    const here = medianOf(measurementOf(entry, engine.name)?.outcome);
    const reached =
      here === undefined ? ['', '', ''] : [short(here), share(milliseconds / here), short(here - milliseconds)];
    return [
      name,
      short(milliseconds),
      by,
      ...reached,
      fastest(
        entry,
        others.map(({name}) => name),
      ),
    ];
  }

  function fastest(entry: CaseReport, names: readonly string[]): string {
    const times = names
      .map((name) => ({name, time: medianOf(measurementOf(entry, name)?.outcome)}))
      .flatMap(({name, time}) => (time === undefined ? [] : [{name, time}]))
      .sort((a, b) => a.time - b.time);
    const title = report.peers.find(({name}) => name === times[0]?.name)?.title;
    return title === undefined ? '' : `${title}, ${short(inUnit(times[0].time, 'ms', entry))}`;
  }
}

const share = (value: number) => `${Math.round(100 * value)} %`;
