/**
 * Which layers of a stack have a part in common: each layer has the number of its group, and a group has its parameters once.
 *
 *     N    layers of the stack          M    groups of the partial schemes
 *
 *     individual   i                    one part per layer
 *     shared       0                    one for all
 *     none         -                    no layer has it
 *     sequence     floor(i M / N)       1 1 2 2 3 3    (Takase and Kiyono 2023)
 *     cycle        i mod M              1 2 3 1 2 3
 *     cycleRev     i mod M, but the last M layers N - 1 - i: 1 2 3 3 2 1
 */
import {requireArgument, requireCount} from '@variants/core';

/** How the layers of a stack share their feed-forwards. */
export const sharings = ['individual', 'shared', 'none', 'sequence', 'cycle', 'cycleRev'] as const;

/** How the layers of a stack share their feed-forwards, see {@link sharingGroups}. */
export type Sharing = (typeof sharings)[number];

/** Those with a number of groups of their own. */
export const partialSharings: readonly Sharing[] = ['sequence', 'cycle', 'cycleRev'];

/**
 * The number of the group that each layer of a stack belongs to; none where no layer has the part.
 * @param numLayers N.
 * @param numGroups M, of the partial schemes; at most N. Default 1.
 * @throws ConfigError for a scheme or a number that is none.
 */
export function sharingGroups(sharing: Sharing, numLayers: number, numGroups = 1): number[] {
  requireArgument('sharingGroups', 'sharing', sharing, sharings.includes(sharing), `one of ${sharings.join(', ')}`);
  requireCount('sharingGroups', 'numLayers', numLayers, 0);
  requireCount('sharingGroups', 'numGroups', numGroups);
  const [N, M] = [numLayers, numGroups];
  const groupOf: {[sharing in Sharing]: (i: number) => number} = {
    individual: (i) => i,
    shared: () => 0,
    none: () => 0,
    sequence: (i) => Math.floor((i * M) / N),
    cycle: (i) => i % M,
    cycleRev: (i) => (i < N - M ? i % M : N - 1 - i),
  };
  return sharing === 'none' ? [] : Array.from({length: N}, (_, i) => groupOf[sharing](i));
}

/** For each layer the first of its group, which the parameters belong to. */
export const ownersOf = (groups: readonly number[]): number[] => groups.map((group) => groups.indexOf(group));

/** The part of each layer, made once per group; undefined where there is none. */
export function partsOf<Part>(groups: readonly number[], make: () => Part): (i: number) => Part | undefined {
  const parts = new Map([...new Set(groups)].map((group) => [group, make()]));
  return (i) => parts.get(groups[i]);
}
