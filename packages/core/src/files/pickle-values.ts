import type {StoredDtype} from './dtypes';

/** A class or function that a pickle names; it is never called, only recognised. */
export class Global {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get fullName(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A storage that tensors of a torch file are cut from: `size` values under `key`. */
export class StorageReference {
  constructor(
    readonly dtype: StoredDtype,
    readonly key: string,
    readonly size: number,
  ) {}
}

/** A tensor of a torch file: places `offset + sum(index * stride)` of its storage, in values. */
export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** What the restricted pickle machine can build. Dicts are maps, lists and tuples arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleDict
  | Global
  | StorageReference
  | TensorReference;

/** A dict; its keys are strings, numbers, booleans or null. */
export type PickleDict = Map<PickleValue, PickleValue>;
