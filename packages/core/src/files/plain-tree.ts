import {CheckpointError} from '../errors';
import {Global, type PickleValue, StorageReference, TensorReference} from './pickle-values';

/** What a pickle holds beside tensors: dicts as objects, lists and tuples as arrays, whole numbers beyond 2^53 as bigint. */
export type PlainTree = null | boolean | number | bigint | string | PlainTree[] | {[key: string]: PlainTree};

// Deeper than any configuration, far from the end of the stack.
const deepest = 100;

type Leaf = Exclude<PickleValue, Global | StorageReference | TensorReference>;

function isPlain(value: PickleValue): value is Leaf {
  return !(value instanceof Global || value instanceof StorageReference || value instanceof TensorReference);
}

/**
 * A pickle's value without its tensors: they are left out of dicts, and null in lists. A CheckpointError, which begins
 * with `where`, if the value holds itself or is nested deeper than 100 levels.
 */
export function plainTree(value: PickleValue, where: string): PlainTree {
  // What is shared in the pickle stays shared, so that the tree is never larger than its file.
  const converted = new Map<PickleValue, PlainTree>();
  const open = new Set<PickleValue>();

  const convert = (value: PickleValue): PlainTree => {
    if (!isPlain(value)) return null;
    if (typeof value !== 'object' || value === null) return value;
    const known = converted.get(value);
    if (known !== undefined) return known;
    if (open.has(value)) throw new CheckpointError(`${where}: a list or dict holds itself`);
    if (open.size === deepest)
      throw new CheckpointError(`${where}: lists and dicts are nested deeper than ${deepest} levels`);
    open.add(value);
    const plain = Array.isArray(value) ? value.map(convert) : convertDict(value);
    open.delete(value);
    converted.set(value, plain);
    return plain;
  };

  const convertDict = (dict: Map<PickleValue, PickleValue>): PlainTree =>
    Object.fromEntries(
      [...dict].filter(([, item]) => isPlain(item)).map(([key, item]) => [String(key), convert(item)]),
    );

  return convert(value);
}
