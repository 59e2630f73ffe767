import type * as tf from '@tensorflow/tfjs';
import {TensorData} from './tensor-data';
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
  /** What was made meanwhile. */
  readonly made = new Set<tf.DataId>();
  /** Where data lies that was there before, and that the jobs read. */
  readonly sources = new Map<tf.DataId, number>();
  /** Whether something was done that running the jobs again would not do: values looked at, or set from outside. */
  isRefused = false;

  readonly job = (job: RecordedJob): void => {
    this.jobs.push(job);
  };

  reads(dataId: tf.DataId, address: number): void {
    if (!this.made.has(dataId)) this.sources.set(dataId, address);
  }

  makes(dataId: tf.DataId): void {
    this.made.add(dataId);
  }

  /** What was made and is still there, but for these, is read by the jobs when they are run again. */
  keepsReading(data: tf.DataStorage<unknown>, but: readonly tf.Tensor[]): void {
    for (const {dataId} of but) this.made.delete(dataId);
    for (const dataId of this.made) {
      const survivor = data.has(dataId) ? data.get(dataId) : undefined;
      if (survivor instanceof TensorData && survivor.isOwner) this.sources.set(dataId, survivor.address);
    }
  }

  inspects(run: () => void): void {
    this.checks.push({after: this.jobs.length, run});
  }

  refuse(): void {
    this.isRefused = true;
  }
}
