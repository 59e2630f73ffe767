import {DataError} from '@variants/core';
import {bytesOfLiteral} from './python-literal';

/** The byte strings of a vocabulary by their ids. */
export type Vocabulary = ReadonlyMap<number, Uint8Array>;

/** Larger ids would be a damaged file: the authors' are below 2^16. */
const largestId = 2 ** 24;

/**
 * Reads the authors' vocabulary file: a line per id with the id, the byte string as a Python literal and its length.
 * @throws DataError that names the line that is anything else.
 */
export function parseVocabulary(text: string, file: string): Vocabulary {
  const vocabulary = new Map<number, Uint8Array>();
  text.split('\n').forEach((line, i) => {
    if (line.trim() !== '') addLine(vocabulary, line.replace(/\r$/, ''), `${file}: line ${i + 1}`);
  });
  if (vocabulary.size === 0) throw new DataError(`${file}: holds no lines of an id, a byte string and its length`);
  return vocabulary;
}

function addLine(vocabulary: Map<number, Uint8Array>, line: string, where: string): void {
  const [, id, literal, length] = line.match(/^(\d+) (.*) (\d+)$/s) ?? [];
  const bytes = literal === undefined ? undefined : bytesOfLiteral(literal);
  if (!bytes || bytes.length === 0)
    throw new DataError(
      `${where}: ${JSON.stringify(line.slice(0, 60))} is not an id, a byte string as Python writes it, and its length`,
    );
  if (bytes.length !== Number(length))
    throw new DataError(`${where}: the byte string has ${bytes.length} bytes, but its length is said to be ${length}`);
  const token = Number(id);
  if (token === 0 || token > largestId || vocabulary.has(token))
    throw new DataError(
      `${where}: the id ${id} must be one of its own, from 1 to ${largestId}; 0 is the end of a text`,
    );
  vocabulary.set(token, bytes);
}
