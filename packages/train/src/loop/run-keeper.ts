import {endWatch, type Interruptible, watchInterruptions} from './interruptions';
import type {TrainingPosition, TrainingRun} from './run-description';
import {savedState, storeRun, testTarget} from './state-storage';
import {encodeTrainingState} from './training-state';

/** Seconds of work that may be lost, where saving is quick. */
const shortestPause = 10;

/** The share of a run's time that saving may take. */
const largestShare = 0.05;

/**
 * Keeps what a run did: saves it now and then, at its end, and when the process is asked to end, which waits for it.
 *
 * By default it saves by time: {@link shortestPause} seconds after the last time or, where saving takes long, so much later
 * that it takes {@link largestShare} of the whole.
 */
export class RunKeeper implements Interruptible {
  private savedStep = 0;
  private savedAt = performance.now();
  private pause = shortestPause * 1000;
  /** Whether a step is on its way, in which nothing can be saved. */
  private isBusy = false;
  /** What {@link interrupted} waits for until the step is done. */
  private waiting: (() => void) | undefined;
  private savingMeanwhile: Promise<void> | undefined;

  /** @param position Of the run, which moves it on. */
  constructor(
    private readonly run: TrainingRun,
    private readonly position: TrainingPosition,
  ) {}

  /** Tests that a state can be saved, before there is one to lose. Gives the one to go on with, if there is one. */
  async open(): Promise<{name: string; bytes: Uint8Array} | undefined> {
    this.isBusy = true;
    const {saveTo, resume, resumeFrom} = this.run.settings;
    if (saveTo !== null) {
      await testTarget(saveTo);
      watchInterruptions(this);
    }
    return savedState(resume ? (saveTo as string) : resumeFrom, resume);
  }

  /** To be called when the run stands at a place that is saved already. */
  begin(): void {
    this.savedStep = this.position.step;
    this.savedAt = performance.now();
  }

  /** Saves where it is time to. */
  async saveIfDue(): Promise<void> {
    const {saveEvery} = this.run.settings;
    const isDue =
      saveEvery === null ? performance.now() - this.savedAt >= this.pause : this.position.step % saveEvery === 0;
    if (isDue || this.waiting) await this.save();
    this.waiting?.();
    this.waiting = undefined;
  }

  /** Saves what was not saved yet. */
  async save(): Promise<void> {
    const {saveTo} = this.run.settings;
    const {step} = this.position;
    if (saveTo === null || step === this.savedStep) return;
    const start = performance.now();
    await storeRun(this.run.model, await encodeTrainingState(this.run, this.position), saveTo);
    this.savedAt = performance.now();
    this.pause = Math.max(shortestPause * 1000, (this.savedAt - start) * (1 / largestShare - 1));
    this.savedStep = step;
  }

  /** To be called when a step is to begin. */
  async work(): Promise<void> {
    await this.savingMeanwhile;
    this.isBusy = true;
  }

  /** To be called when somebody else has the floor, for as long as he likes. */
  rest(): void {
    this.isBusy = false;
  }

  async interrupted(): Promise<void> {
    const {saveTo} = this.run.settings;
    if (this.isBusy) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    } else {
      this.savingMeanwhile = this.save();
      await this.savingMeanwhile;
    }
    const place = typeof saveTo === 'string' ? `saved to ${saveTo}; the option resume goes on from there` : 'saved';
    console.warn(`train: interrupted after step ${this.savedStep}, ${place}`);
  }

  /** Saves unless the run failed, and lets go of the process. */
  async close(failed: boolean): Promise<void> {
    try {
      if (!failed) await this.save();
    } finally {
      endWatch(this);
      this.waiting?.();
    }
  }
}
