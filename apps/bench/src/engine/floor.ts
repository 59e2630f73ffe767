import {ConfigError} from '@variants/core';
import {measurementOf, medianOf} from './figures';
import type {CaseReport, EngineReport} from './report';

/** What the machine can do with a number of threads, as measured. */
export interface MachinePeak {
  /** Floating-point operations per millisecond. */
  operations: number;
  /** Bytes per millisecond, read from memory and from a cache. */
  memory: number;
  cache: number;
}

/** The least time that a case can take here. */
export interface Floor {
  milliseconds: number;
  /** What decides it. */
  by: 'arithmetic' | 'memory' | 'cache';
}

/** Work on more bytes than this goes through memory. */
const cacheBytes = 16e6;

/**
 * What the machine does with its best number of threads, by the groups `memory` and `peak`.
 * @throws ConfigError when they were not measured.
 */
export function machinePeak({groups, peers}: Pick<EngineReport, 'groups' | 'peers'>): MachinePeak {
  const [{name: engine}] = peers;
  const rates = (group: string, amount: (report: CaseReport) => number) =>
    (groups.find(({name}) => name === group)?.cases ?? []).map((report) => {
      const milliseconds = medianOf(measurementOf(report, engine)?.outcome);
      return milliseconds === undefined ? undefined : amount(report) / milliseconds;
    });
  const [memory, cache] = rates('memory', ({work}) => work.bytes);
  const [operations] = rates('peak', ({work}) => work.operations);
  if (!(memory && cache && operations))
    throw new ConfigError('these figures lack the groups memory and peak, without which there is no floor');
  return {operations, memory, cache};
}

/** The floor of a case: its operations over the peak, or its bytes over the bandwidth, whatever is more. */
export function floorOf({work: {operations, bytes}}: Pick<CaseReport, 'work'>, peak: MachinePeak): Floor {
  const by = bytes > cacheBytes ? 'memory' : 'cache';
  const moving = bytes / peak[by];
  const computing = operations / peak.operations;
  return computing >= moving ? {milliseconds: computing, by: 'arithmetic'} : {milliseconds: moving, by};
}
