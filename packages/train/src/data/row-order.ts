import {Random, requireArgument} from '@variants/core';

/** In which order rows are examples. */
export interface RowOrder {
  /** Examples in one pass; Infinity where rows are drawn without end. */
  numExamples: number;
  /** The row that is an example. */
  rowOf(index: number, seed: number): number;
}

/** Options of sources of rows. */
export interface RowOptions {
  /**
   * For training: passes over all rows without end, each in an order of its own by seed and number of the pass. Default
   * false: the rows in order, once.
   */
  shuffle?: boolean;
}

/** The order of so many rows; `name` keeps the random numbers of sources apart. */
export function rowOrder(numRows: number, {shuffle = false}: RowOptions, name: string): RowOrder {
  requireArgument(name, 'shuffle', shuffle, typeof shuffle === 'boolean', 'true or false');
  if (!shuffle) return {numExamples: numRows, rowOf: (index) => index};
  let [latest, order]: [string, number[]] = ['', []];
  return {
    numExamples: Infinity,
    rowOf(index, seed) {
      const pass = Math.floor(index / numRows);
      const key = `${seed}/${pass}`;
      if (key !== latest)
        order = new Random(seed, `${name}/order`, pass).shuffle(Array.from({length: numRows}, (_, i) => i));
      latest = key;
      return order[index % numRows];
    },
  };
}
