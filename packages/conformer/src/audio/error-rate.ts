import {DataError} from '@variants/core';

/**
 * The fewest items to put in, to leave out and to replace to make one sequence of another (Levenshtein's distance).
 * @param given What was recognised.
 * @param wanted What was said.
 */
export function editDistance<T>(given: ArrayLike<T>, wanted: ArrayLike<T>): number {
  // Distances of what was recognised so far to each beginning of what was said.
  let row = Array.from({length: wanted.length + 1}, (_, j) => j);
  for (let i = 0; i < given.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < wanted.length; j++)
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + Number(given[i] !== wanted[j])));
    row = next;
  }
  return row[wanted.length];
}

/**
 * Word error rate: the words that must be put in, left out or replaced in what was recognised, by those that were said, over
 * all texts together. It may be above 1. Words are what stands between white space; their case and punctuation count.
 * @param recognized What a recogniser gave, a text or a list of texts.
 * @param said What was said, as many.
 * @returns NaN where nothing was said and nothing recognised, Infinity where something was recognised.
 * @throws DataError for lists of different lengths.
 */
export function wordErrorRate(recognized: string | readonly string[], said: string | readonly string[]): number {
  return errorRate('wordErrorRate', recognized, said, (text) => text.split(/\s+/).filter((word) => word !== ''));
}

/**
 * Character error rate: {@link wordErrorRate} of characters, by Unicode, spaces between words among them.
 * @param recognized What a recogniser gave, a text or a list of texts.
 * @param said What was said, as many.
 * @throws DataError for lists of different lengths.
 */
export function characterErrorRate(recognized: string | readonly string[], said: string | readonly string[]): number {
  return errorRate('characterErrorRate', recognized, said, (text) => [...text.trim().replace(/\s+/g, ' ')]);
}

function errorRate(
  owner: string,
  recognized: string | readonly string[],
  said: string | readonly string[],
  itemsOf: (text: string) => string[],
): number {
  const [given, wanted] = [recognized, said].map((texts) => [texts].flat());
  for (const [name, texts] of Object.entries({recognized: given, said: wanted}))
    if (!texts.every((text) => typeof text === 'string'))
      throw new DataError(`${owner}: ${name} must be a text or a list of texts`);
  if (given.length !== wanted.length)
    throw new DataError(`${owner}: ${given.length} texts recognized for ${wanted.length} said; give one for each`);
  let [errors, count] = [0, 0];
  for (const [i, text] of wanted.entries()) {
    const items = itemsOf(text);
    errors += editDistance(itemsOf(given[i]), items);
    count += items.length;
  }
  return errors / count;
}
