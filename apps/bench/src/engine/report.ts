import type {Conditions} from '../conditions';
import type {Outcome, SamplingSettings} from './sampling';
import type {Unit} from './tasks/cases';
import type {Work} from './tasks/task';

/** An outcome, and whose. */
export interface Measurement {
  /** Of the engine itself or a peer. */
  peer: string;
  threads: number;
  outcome: Outcome;
}

/** What was measured of a case. */
export interface CaseReport {
  name: string;
  work: Work;
  /** Of decoding: a call is so many tokens. */
  tokens?: number;
  measurements: Measurement[];
}

/** What was measured of a group, a table. */
export interface GroupReport {
  name: string;
  title: string;
  unit: Unit;
  cases: CaseReport[];
}

/** A contestant: the engine, or a peer. */
export interface PeerReport {
  name: string;
  title: string;
  /** Numbers of threads that it was measured with. */
  threads: number[];
  /** Whether it can a few tasks only: tables in which it has none do without it. */
  isPartial: boolean;
}

/** One run of the benchmark. */
export interface EngineReport extends Conditions, SamplingSettings {
  /** The engine comes first. */
  peers: PeerReport[];
  /** Peers that are not here, with how to get them. */
  missing: {title: string; reason: string}[];
  groups: GroupReport[];
  /** Names of the cases that were not reached. */
  unfinished: string[];
}
