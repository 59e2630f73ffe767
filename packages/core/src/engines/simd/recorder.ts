import type * as tf from '@tensorflow/tfjs';
import type {EngineMemory} from './memory';
import type {RecordedJob} from './threads';

/** A function that throws when values are not as they must be, and after how many jobs it looks at them. */
export interface RecordedCheck {
  after: number;
  run: () => void;
}

/** Takes down what the engine does while something is computed on it. */
export class Recorder {
  readonly jobs: RecordedJob[] = [];
  readonly checks: RecordedCheck[] = [];
  /** Where data lies that was there before, and that the jobs read. */
  readonly sources = new Map<tf.DataId, number>();
  /** Whether something was done that running the jobs again would not do: values looked at, or set from outside. */
  isRefused = false;

  constructor(private readonly memory: EngineMemory) {}

  readonly job = (job: RecordedJob): void => {
    this.jobs.push(job);
  };

  reads(dataId: tf.DataId, address: number): void {
    if (!this.memory.isAside(address)) this.sources.set(dataId, address);
  }

  inspects(run: () => void): void {
    this.checks.push({after: this.jobs.length, run});
  }

  refuse(): void {
    this.isRefused = true;
  }
}
