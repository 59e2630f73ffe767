import type {CaseReport, EngineReport, GroupReport, Measurement, PeerReport} from './report';
import type {Outcome} from './sampling';
import {median} from './statistics';
import type {Unit} from './tasks/cases';

/** Milliseconds of a call, the median of its samples; undefined where there are none. */
export function medianOf(outcome: Outcome | undefined): number | undefined {
  return outcome && 'milliseconds' in outcome && outcome.milliseconds.length > 0
    ? median(outcome.milliseconds)
    : undefined;
}

/** The measurement of a peer with its best number of threads, or with a given one. */
export function measurementOf({measurements}: CaseReport, peer: string, threads?: number): Measurement | undefined {
  const own = measurements.filter((m) => m.peer === peer && (threads === undefined || m.threads === threads));
  const time = (m: Measurement) => medianOf(m.outcome) ?? Number.POSITIVE_INFINITY;
  return own.reduce<Measurement | undefined>((best, m) => (best && time(best) <= time(m) ? best : m), undefined);
}

/** Milliseconds in a group's unit. */
export function inUnit(milliseconds: number, unit: Unit, {work, tokens = 1}: CaseReport): number {
  const perSecond = {'GFLOP/s': work.operations / 1e9, 'GB/s': work.bytes / 1e9, 'tokens/s': tokens};
  return unit === 'ms' ? milliseconds : (1000 * perSecond[unit]) / milliseconds;
}

/** A number in three digits or so. */
export function short(value: number): string {
  if (value >= 99.95) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3);
}

/** What a cell says of an outcome. */
export function outcomeText(outcome: Outcome | undefined, unit: Unit, report: CaseReport): string {
  const milliseconds = medianOf(outcome);
  if (milliseconds !== undefined) return short(inUnit(milliseconds, unit, report));
  if (!outcome) return '';
  return 'none' in outcome ? 'none' : 'tooLong' in outcome ? `>${outcome.tooLong} s` : 'error';
}

/** How many times as fast as a peer the engine is, each with its best number of threads; undefined where one has no time. */
export function ratioTo(peer: string, report: CaseReport, engine: string): number | undefined {
  const [theirs, ours] = [peer, engine].map((name) => medianOf(measurementOf(report, name)?.outcome));
  return theirs === undefined || ours === undefined ? undefined : theirs / ours;
}

/** A ratio such as 1.8x. */
export function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return '';
  return `${ratio >= 9.95 ? Math.round(ratio).toLocaleString('en') : ratio.toFixed(ratio >= 0.995 ? 1 : 2)}x`;
}

/** The engine, and the peers that a group's table shows. */
export function peersOf(
  group: GroupReport,
  {peers}: Pick<EngineReport, 'peers'>,
): {engine: PeerReport; others: PeerReport[]} {
  const [engine, ...others] = peers;
  const has = (name: string) =>
    group.cases.some(({measurements}) => measurements.some((m) => m.peer === name && !('none' in m.outcome)));
  return {engine, others: others.filter(({name, isPartial}) => !isPartial || has(name))};
}
