import {DataError} from './errors';
import {isPromise, shown} from './shown';

/** Whether a value is a list of numbers, or of what should be numbers: an array or a typed array, of 64-bit integers too. */
export function isList(value: unknown): value is ArrayLike<number | bigint> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * Ids that a caller gave as an array or a typed array of any kind, in a list of numbers; typed arrays of up to 32 bits stay
 * what they are.
 * @param what Names them in messages.
 * @throws DataError for anything else, a promise by name.
 */
export function listOfIds(ids: unknown, what: string): ArrayLike<number> {
  if (ids instanceof BigInt64Array || ids instanceof BigUint64Array) return Array.from(ids, Number);
  if (isList(ids)) return ids as ArrayLike<number>;
  const hint = isPromise(ids) ? '' : ', an array or a typed array';
  throw new DataError(`${what} is ${shown(ids)}, but must be a list of ids${hint}`);
}
