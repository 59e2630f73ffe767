import {DataError, shown} from '@variants/core';
import {wholeRange} from '../checks';

/** Token ids in a row, as typed arrays hold them. */
export type TokenArray = Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Token ids in a row, as callers have them: an array or a typed array of any numbers. */
export type TokenIds = TokenArray | ArrayLike<number> | BigInt64Array | BigUint64Array;

const largest = 2 ** 31 - 1;

/** What all typed arrays descend from. */
const AnyTypedArray = Object.getPrototypeOf(Uint8Array) as new () => Uint8Array;

/** Whether a value is an array or a typed array. */
export function isIds(value: unknown): value is TokenIds {
  return Array.isArray(value) || value instanceof AnyTypedArray;
}

/**
 * Ids as a typed array; one that holds nothing but ids is given back as it is.
 * @param what Names them in messages.
 * @throws DataError with the place of what is no id, or for what is no list.
 */
export function tokenArray(ids: unknown, what: string): TokenArray {
  if (!isIds(ids)) throw new DataError(`${what} is ${shown(ids)}, but must be token ids in an array or a typed array`);
  for (const kind of [Int32Array, Uint32Array, Uint16Array, Uint8Array]) if (ids instanceof kind) return ids;
  return Int32Array.from(ids as ArrayLike<number | bigint>, (given, place) => {
    const id = typeof given === 'bigint' ? Number(given) : given;
    if (Number.isInteger(id) && id >= 0 && id <= largest) return id;
    throw new DataError(`${what}: token ${shown(given)} at place ${place}; allowed: ${wholeRange(0, largest)}`);
  });
}
