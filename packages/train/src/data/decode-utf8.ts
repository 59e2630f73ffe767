import {DataError} from '@variants/core';

/**
 * Decodes a whole file of UTF-8 text; a byte order mark is dropped.
 * @param name what errors call the file
 * @throws DataError for an empty file, and for bytes that are no UTF-8, with the place of the first
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  const text = decode(bytes, false);
  if (text === null) {
    const place = firstBadByte(bytes);
    const what =
      place === bytes.length ? `the end, byte ${place}, is within a character` : `byte ${place} is not UTF-8`;
    throw new DataError(`${name}: ${what}; give the whole text in the encoding UTF-8`);
  }
  if (text === '') throw new DataError(`${name} is empty; give a file with text`);
  return text;
}

/** null where the bytes are no UTF-8; an unfinished last character is allowed when more is to come. */
function decode(bytes: Uint8Array, moreToCome: boolean): string | null {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes, {stream: moreToCome});
  } catch {
    return null;
  }
}

/** The first byte without which the text would be UTF-8; the length where the text ends within a character. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (decode(bytes.subarray(0, middle), true) !== null) good = middle;
    else bad = middle;
  }
  return good;
}
