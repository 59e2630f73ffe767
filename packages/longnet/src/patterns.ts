import {
  ConfigError,
  type DilatedPattern,
  type Field,
  requireArgument,
  requireGiven,
  requireOptions,
} from '@variants/core';

/** Segment lengths w_i and, for each, its dilation r_i: the patterns of dilated attention. */
export interface DilatedPatterns {
  /** Positions of a segment, for each pattern. */
  segmentLengths: readonly number[];
  /** Of so many positions in a row a head keeps one, for each pattern. */
  dilations: readonly number[];
}

/** Options of {@link geometricPatterns}. */
export interface GeometricPatternsOptions {
  /** w_0, whose segments are attended to whole. Default 128. */
  segmentLength?: number;
  /** α, by which segments and dilations grow from one pattern to the next; at least 2. Default 2. */
  growth?: number;
  /** How many patterns; 1 to 64. Default 6. */
  count?: number;
}

/**
 * Patterns whose segments and dilations grow alike (Ding et al. 2023, section 3.1), w_i = α^i w_0 and r_i = α^i, so that a
 * token is compared with at most w_0 α / (α - 1) others whatever the longest segment.
 * @throws ConfigError for an option that is no such number.
 */
export function geometricPatterns(options: GeometricPatternsOptions = {}): {
  segmentLengths: number[];
  dilations: number[];
} {
  requireOptions('geometricPatterns', options, ['segmentLength', 'growth', 'count']);
  const {segmentLength = 128, growth = 2, count = 6} = options;
  requireCount('geometricPatterns', 'segmentLength', segmentLength, 1);
  requireCount('geometricPatterns', 'growth', growth, 2);
  requireCount('geometricPatterns', 'count', count, 1, 64);
  const dilations = Array.from({length: count}, (_, i) => growth ** i);
  const longest = segmentLength * dilations[count - 1];
  requireArgument('geometricPatterns', 'the longest segment', longest, Number.isSafeInteger(longest), 'below 2^53');
  return {segmentLengths: dilations.map((dilation) => segmentLength * dilation), dilations};
}

function requireCount(
  owner: string,
  name: string,
  value: unknown,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  const allowed = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const isAllowed = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
  requireArgument(owner, name, value, isAllowed, `a whole number ${allowed}`);
}

/**
 * Patterns for each of some layers, of which each looks at least as far as those below it: layer i of n has the first
 * ceil((i + 1) / n · patterns) of them, so that the lowest has the shortest alone and the last has all.
 * @returns A list for each layer, as the configuration of a model takes them.
 * @throws ConfigError for patterns that are none, or a number of layers that is none.
 */
export function patternsOverLayers(
  patterns: DilatedPatterns,
  numLayers: number,
): {segmentLengths: number[][]; dilations: number[][]} {
  requirePatternLists('patternsOverLayers', patterns);
  requireCount('patternsOverLayers', 'numLayers', numLayers, 1);
  const upTo = (list: readonly number[]) =>
    Array.from({length: numLayers}, (_, i) => list.slice(0, Math.ceil(((i + 1) / numLayers) * list.length)));
  return {segmentLengths: upTo(patterns.segmentLengths), dilations: upTo(patterns.dilations)};
}

const isCountList = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 64 &&
  value.every((length) => Number.isSafeInteger(length) && length >= 1);

const countList = 'a list of 1 to 64 whole numbers of at least 1';

/** Throws a ConfigError where a caller's patterns are none. */
export function requirePatternLists(owner: string, patterns: DilatedPatterns): void {
  requireGiven(owner, patterns, ['segmentLengths', 'dilations']);
  for (const name of ['segmentLengths', 'dilations'] as const)
    requireArgument(owner, name, patterns[name], isCountList(patterns[name]), countList);
  const {segmentLengths, dilations} = patterns;
  if (segmentLengths.length !== dilations.length)
    throw new ConfigError(
      `${owner}: dilations has ${dilations.length} numbers, but must have one for each of ${segmentLengths.length} segmentLengths`,
    );
}

/** The same, pattern by pattern. */
export function patternsOf({segmentLengths, dilations}: DilatedPatterns): DilatedPattern[] {
  return segmentLengths.map((segmentLength, i) => ({segmentLength, dilation: dilations[i]}));
}

/** The rule of a field that holds segment lengths or dilations: one list for all layers, or one for each. */
export const patternField = (fallback: number[]): Field<number[] | number[][]> => ({
  allowed: `${countList}, or one such list for each layer`,
  accepts: (value) => isCountList(value) || (Array.isArray(value) && value.length > 0 && value.every(isCountList)),
  fallback,
});

/** The list of a layer. */
export const ofLayer = (lists: number[] | number[][], layer: number): number[] => {
  const own = lists[layer];
  return Array.isArray(own) ? own : (lists as number[]);
};
