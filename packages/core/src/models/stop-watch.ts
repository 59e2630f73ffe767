/** Text, or a list of token ids. */
type Sequence = string | readonly number[];

function standsAt(sequence: Sequence, part: Sequence, start: number): boolean {
  for (let i = 0; i < part.length; i++) if (sequence[start + i] !== part[i]) return false;
  return true;
}

/** Where the stop that is complete first begins, the longest if several end there; undefined without one. */
function startOfStop(sequence: Sequence, stops: readonly Sequence[]): number | undefined {
  for (let end = 1; end <= sequence.length; end++) {
    const starts = stops
      .map((stop) => end - stop.length)
      .filter((start, i) => start >= 0 && standsAt(sequence, stops[i], start));
    if (starts.length > 0) return Math.min(...starts);
  }
  return undefined;
}

/** Where the longest end of the sequence begins that may yet become a stop; its length when there is none. */
function startOfPossibleStop(sequence: Sequence, stops: readonly Sequence[]): number {
  for (let start = 0; start < sequence.length; start++)
    if (stops.some((stop) => standsAt(stop, sequence.slice(start), 0))) return start;
  return sequence.length;
}

/**
 * Watches a sequence that grows for the sequences that end it. Neither a stop nor a part of one is ever let through: what
 * may be the beginning of one is held back until it is known not to be. How the sequence is cut into pieces makes no
 * difference.
 */
export class StopWatch<S extends Sequence> {
  private held: S;

  /**
   * @param empty The sequence of no elements.
   * @param stops None of them empty.
   */
  constructor(
    private readonly empty: S,
    private readonly stops: readonly S[],
  ) {
    this.held = empty;
  }

  /** Takes the next piece; returns what is free to go out and whether a stop is complete, after which all is over. */
  push(piece: S): {ready: S; stopped: boolean} {
    const sequence = (this.held as string).concat(piece as string) as S;
    const stop = startOfStop(sequence, this.stops);
    const end = stop ?? startOfPossibleStop(sequence, this.stops);
    this.held = stop === undefined ? (sequence.slice(end) as S) : this.empty;
    return {ready: sequence.slice(0, end) as S, stopped: stop !== undefined};
  }

  /** What was held back, when nothing more comes. */
  end(): S {
    const rest = this.held;
    this.held = this.empty;
    return rest;
  }
}
