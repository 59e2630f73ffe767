import type {BeamSettings, Hypothesis} from './beam-options';

/** A hypothesis gone on with by a token. */
export interface Candidate {
  /** Which of the hypotheses, 0 to beams - 1. */
  parent: number;
  token: number;
  /** Log probability of all tokens together. */
  logProbability: number;
}

/** The hypotheses of one source during a beam search. */
export class Beam {
  /** Those that have not ended yet, with the row among the source's own that each goes on from. */
  live: readonly {tokens: readonly number[]; logProbability: number; parent: number}[] = [
    {tokens: [], logProbability: 0, parent: 0},
  ];
  private readonly finished: Hypothesis[] = [];
  private isOver = false;

  /** @param maxTokens The most tokens before `end`. */
  constructor(
    private readonly settings: BeamSettings,
    readonly maxTokens: number,
  ) {}

  /** Whether nothing more can be found. */
  get isDone(): boolean {
    return this.isOver;
  }

  /**
   * Chooses among the candidates of a step.
   * @param step How many tokens the live hypotheses have.
   * @param candidates The 2 beams best, best first; fewer where there are no more.
   */
  take(step: number, candidates: readonly Candidate[]): void {
    if (this.isOver) return;
    const {beams, end, lengthPenalty} = this.settings;
    const tokensOf = ({parent, token}: Candidate) => [...this.live[parent].tokens, token];
    for (const candidate of candidates.slice(0, beams))
      if (candidate.token === end && this.finished.length < beams)
        this.finished.push({
          tokens: tokensOf(candidate),
          score: candidate.logProbability / (step + 1) ** lengthPenalty,
        });
    this.live = candidates
      .filter(({token}) => token !== end)
      .slice(0, beams)
      .map((candidate) => ({...candidate, tokens: tokensOf(candidate)}));
    this.isOver = this.finished.length >= beams || step >= this.maxTokens || this.live.length === 0;
  }

  /** What was found, best first. */
  hypotheses(): Hypothesis[] {
    return [...this.finished].sort((a, b) => b.score - a.score);
  }
}
