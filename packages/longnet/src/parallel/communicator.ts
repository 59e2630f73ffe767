/** Workers that take part in an exchange: `count` ranks from `first` on. */
export interface Members {
  first: number;
  count: number;
}

/**
 * How workers, of which each holds a part of the sequence, exchange numbers. All workers run the same program: they call the
 * same functions in the same order, and wait for each other there. The functions are not asynchronous, as gradients are not.
 */
export interface Communicator {
  /** Which of the workers this is, from 0 on, in the order of their parts of the sequence. */
  readonly rank: number;
  /** How many workers there are. */
  readonly size: number;
  /**
   * Hands `values` to all members and returns theirs, in the order of ranks, its own among them. All of a call have the same
   * length; every worker is a member of some call.
   */
  allGather(values: Float32Array, members: Members): Float32Array[];
  /**
   * The gradient of {@link allGather}: hands `parts[i]` to member i, and returns the sum of what the members, in the order of
   * ranks, hand to this worker. All parts of a call have the same length.
   */
  reduceScatter(parts: readonly Float32Array[], members: Members): Float32Array;
}
