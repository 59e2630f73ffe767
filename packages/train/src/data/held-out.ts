import {requireFraction} from '../checks';

const mostStretches = 10;
const shortestStretch = 8192;

/** A part of a list or text: from the first place to before the last. */
export type Stretch = readonly [from: number, to: number];

/**
 * Stretches of `length` places, evenly spread, that together are a share of them: ten where there is much, one at the end
 * where there is little, so that no stretch is short for want of need.
 * @param moveCut where to cut instead of at a place, by at most `reach` behind it; default there
 */
export function heldOutStretches(
  owner: string,
  length: number,
  share: number,
  moveCut: (place: number, reach: number) => number = (place) => place,
): Stretch[] {
  requireFraction(owner, share);
  const count = Math.min(mostStretches, Math.max(1, Math.floor((length * share) / shortestStretch)));
  const period = length / count;
  const reach = Math.floor((period * Math.min(share, 1 - share)) / 2);
  const cut = (place: number) => moveCut(Math.round(place), reach);
  return Array.from({length: count}, (_, i) => {
    const end = (i + 1) * period;
    return [cut(end - share * period), i === count - 1 ? length : cut(end)] as const;
  });
}

/** What lies between the stretches of a whole of `length` places. */
export function stretchesBetween(stretches: readonly Stretch[], length: number): Stretch[] {
  const starts = [0, ...stretches.map(([, to]) => to)];
  const ends = [...stretches.map(([from]) => from), length];
  return starts.map((from, i) => [from, ends[i]] as const);
}
