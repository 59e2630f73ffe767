import {requireArgument, requireCount, requireGiven} from '../../arguments';
import {isList} from '../../ids';

/**
 * A pattern of dilated attention (Ding et al. 2023, section 3.1): the sequence is cut into segments, and of each a head keeps
 * every `dilation`th position.
 */
export type DilatedPattern = {
  /** Positions w of a segment; a shorter sequence is one segment. */
  segmentLength: number;
  /** r: of so many positions in a row a head keeps one. */
  dilation: number;
};

/** What a pattern makes of a sequence. */
export interface DilatedShape {
  /** Positions of a segment, g = min(w, T). */
  length: number;
  /** ceil(T / g); the last may be partly beyond the sequence. */
  segments: number;
  /** Positions that a head keeps of a segment, m = ceil(g / r); some may be beyond the segment. */
  rows: number;
  /** Heads that keep the same positions, ceil(H / r). */
  headsPerOffset: number;
}

/** What a pattern makes of `time` positions and so many heads. */
export function dilatedShape({segmentLength, dilation}: DilatedPattern, time: number, numHeads: number): DilatedShape {
  const length = Math.min(segmentLength, time);
  return {
    length,
    segments: Math.ceil(time / length),
    rows: Math.ceil(length / dilation),
    headsPerOffset: Math.ceil(numHeads / dilation),
  };
}

/** The shape of what heads keep of x [batch, time, heads, size]: [batch · segments, heads, rows, size]. */
export function keptShape(pattern: DilatedPattern, [batch, time, numHeads, size]: readonly number[]): number[] {
  const {segments, rows} = dilatedShape(pattern, time, numHeads);
  return [batch * segments, numHeads, rows, size];
}

/** How far behind a multiple of the dilation, in their segment, the positions are that each head keeps. */
export function dilatedOffsets({dilation}: Pick<DilatedPattern, 'dilation'>, numHeads: number): number[] {
  const headsPerOffset = Math.ceil(numHeads / dilation);
  return Array.from({length: numHeads}, (_, head) => Math.floor(head / headsPerOffset));
}

/** More would take segments longer than any sequence, where they grow. */
const MOST_PATTERNS = 64;

/** Throws a ConfigError where a caller's patterns are none. */
export function requirePatterns(caller: string, patterns: readonly DilatedPattern[]): void {
  const isGiven = isList(patterns) && patterns.length > 0 && patterns.length <= MOST_PATTERNS;
  requireArgument(caller, 'patterns', patterns, isGiven, `a list of 1 to ${MOST_PATTERNS} {segmentLength, dilation}`);
  for (const pattern of patterns) {
    requireGiven(caller, pattern, ['segmentLength', 'dilation']);
    for (const name of ['segmentLength', 'dilation'] as const) requireCount(caller, name, pattern[name]);
  }
}
