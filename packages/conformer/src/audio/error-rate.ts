import {DataError, editDistance} from '@variants/core';

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
