import type {Task} from '../tasks/task';

/** What a peer's process is asked, a line of JSON each; it answers each with one {@link Reply}. */
export type Request =
  /** Prepare a task, in the place of the one before, and compute it once. */
  | {task: Task}
  /** Compute it so many times, with so many before that are not timed. */
  | {calls: number; untimed: number};

/** What a peer's process answers, a line of JSON. */
export type Reply =
  /** The task was computed: some numbers of what came out. */
  | {result: number[]}
  /** It cannot compute that task. */
  | {none: true}
  /** All timed calls together. */
  | {milliseconds: number}
  /** It took more seconds than were waited; from the one that asks. */
  | {tooLong: number}
  /** What went wrong; the process goes on. */
  | {error: string};
