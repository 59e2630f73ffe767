import type {Conditions} from './conditions';

/** One point of a training curve. */
export interface CurvePoint {
  step: number;
  seconds: number;
  bitsPerByte: number;
}

/** What decoding cost at one length of context. */
export interface DecodingPoint {
  /** Tokens in the state before the measured ones. */
  context: number;
  /** Median over the measured tokens. */
  millisecondsPerToken: number;
  /** Of the stream state of one sequence. */
  stateBytes: number;
}

/** What was measured of one architecture. */
export interface ArchitectureResult {
  name: string;
  title: string;
  config: object;
  parameters: number;
  steps: number;
  tokens: number;
  /** Median over the steps: data, forward, backward, update. */
  tokensPerSecond: number;
  /** On held-out chapters, after training. */
  bitsPerByte: number;
  trainingCurve: CurvePoint[];
  decoding: DecodingPoint[];
  sample: string;
}

/** An architecture that took part, but has no results. */
export interface Unfinished {
  name: string;
  title: string;
  /** 'interrupted', or what went wrong. */
  reason: string;
}

/** One run of the comparison: everything needed to read it, and to make it again. */
export interface BenchReport extends Conditions {
  engine: string;
  seed: number;
  text: string;
  /** Of training, per architecture. */
  budgetSeconds: number;
  /** Those of each model are within 1 % of it. */
  wantedParameters: number;
  sequenceLength: number;
  batchSize: number;
  learningRate: number;
  results: ArchitectureResult[];
  unfinished: Unfinished[];
}
