import {requireArgument} from '../arguments';
import {isList} from '../ids';

/**
 * The labels that the most probable path gives (Graves et al. 2006, section 3.2): repeats are merged, blanks dropped.
 * @param path The best token of each frame.
 */
export function labelsOfPath(path: ArrayLike<number>, blank: number): number[] {
  return Array.from(path).filter((token, t) => token !== blank && (t === 0 || token !== path[t - 1]));
}

/**
 * How many items must be put in, left out or replaced to make the one list the other (Levenshtein 1966).
 * @throws ConfigError for what is no list and no text.
 */
export function editDistance<Item>(from: ArrayLike<Item>, to: ArrayLike<Item>): number {
  for (const [name, items] of Object.entries({from, to}))
    requireArgument('editDistance', name, items, typeof items === 'string' || isList(items), 'a list or a text');
  let row = Array.from({length: to.length + 1}, (_, j) => j);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++)
      next.push(Math.min(row[j] + Number(from[i] !== to[j]), row[j + 1] + 1, next[j] + 1));
    row = next;
  }
  return row[to.length];
}
