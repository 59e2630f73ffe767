import type {Operation, TaskOf} from '../tasks/task';

/** A task that is ready to be computed again and again. */
export interface Computation {
  /** Computes it once; everything is computed when it returns, or resolves. */
  run(): void | Promise<void>;
  /** Some numbers of what was computed last, see `probe`; of a training step its loss, of decoding the tokens. */
  result(): Promise<number[]>;
  /** Frees what it holds. */
  dispose(): void | Promise<void>;
}

/** How a library computes tasks; what is missing it cannot. */
export type Library = {[Name in Operation]?: (task: TaskOf<Name>) => Computation | Promise<Computation>};
