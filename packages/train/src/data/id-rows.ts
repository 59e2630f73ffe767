import {DataError, shown} from '@variants/core';
import {requireWhole, wholeRange} from '../checks';
import {tokenFingerprint} from './token-fingerprint';
import {isIds} from './token-ids';

/** Sequences of token ids, one per example, of any lengths. */
export type IdRows = readonly ArrayLike<number>[];

/** What is known of rows that are good. */
export interface CheckedRows {
  /** Of the longest row. */
  longest: number;
  /** The number of ids: as wanted, or the greatest + 1. */
  vocabSize: number;
}

/**
 * Checks rows of ids.
 * @param what Names them in messages.
 * @param wanted The number of ids. Default: the greatest + 1.
 * @throws DataError when one is empty, or an id is none or not below `wanted`.
 */
export function checkRows(rows: IdRows, what: string, wanted?: number): CheckedRows {
  if (!Array.isArray(rows)) throw new DataError(`${what} is ${shown(rows)}, but must be a list of lists of ids`);
  if (wanted !== undefined) requireWhole(what, 'the number of ids', wanted, 1);
  const limit = wanted ?? Infinity;
  let [longest, greatest] = [0, 0];
  rows.forEach((row: unknown, i) => {
    if (!isIds(row)) throw new DataError(`${what}: number ${i} is ${shown(row)}, but must be a list of ids`);
    if (row.length === 0) throw new DataError(`${what}: number ${i} is empty; give it at least one id`);
    longest = Math.max(longest, row.length);
    for (let t = 0; t < row.length; t++) {
      const id = row[t] as number;
      if (!(Number.isInteger(id) && id >= 0 && id < limit))
        throw new DataError(
          `${what}: id ${shown(id)} at place ${t} of number ${i}; allowed: ${wholeRange(0, limit - 1)}`,
        );
      greatest = Math.max(greatest, id);
    }
  });
  return {longest, vocabSize: wanted ?? greatest + 1};
}

/** Throws a DataError where a source's examples are no list, or there is none. */
export function requireExamples(list: unknown, owner: string, what: string): void {
  if (!isIds(list)) throw new DataError(`${owner}: the ${what} are ${shown(list)}, but must be a list`);
  const count = list.length;
  if (count === 0) throw new DataError(`${owner}: there are no ${what}; give at least one`);
}

/**
 * Checks labels, one for each of `count` examples; gives the number of classes: as wanted, or the greatest label + 1.
 * @throws DataError for another number of labels, or one that is none or not below `wanted`.
 */
export function checkLabels(labels: ArrayLike<number>, count: number, what: string, wanted?: number): number {
  if (!isIds(labels)) throw new DataError(`${what}: labels is ${shown(labels)}, but must be a list of whole numbers`);
  if (labels.length !== count)
    throw new DataError(`${what}: ${labels.length} labels for ${count} examples; give one for each`);
  return checkRows([labels], `${what}: labels`, wanted).vocabSize;
}

/** Tells lists of rows apart, the lengths of rows included. */
export function rowsFingerprint(...lists: IdRows[]): () => string {
  let fingerprint: string | undefined;
  return () => {
    fingerprint ??= tokenFingerprint(
      Int32Array.from(lists.flatMap((rows) => rows.flatMap((row) => [row.length, ...Array.from(row)]))),
    );
    return fingerprint;
  };
}
