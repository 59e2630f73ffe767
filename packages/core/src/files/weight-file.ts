import type {ByteSource} from './bytes';
import type {StoredDtype} from './dtypes';

/** What a file says about one of its tensors. */
export interface StoredTensor {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
}

/** An open file of tensors: their names are known, their values are read when asked for. */
export interface WeightFile {
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The values of a tensor in row-major order, as float32, in memory of the caller's own; a CheckpointError if there is no such tensor. */
  read(name: string): Promise<Float32Array>;
  /** The values of a tensor of whole numbers (I64, I32, I16, I8, U8, BOOL) as int32. Not every format has them. */
  readIntegers?(name: string): Promise<Int32Array>;
  /** What the file holds beside tensors, as plain objects, lists, strings, numbers, booleans and null. */
  readonly extra?: unknown;
  /** Frees the open file. */
  close(): Promise<void>;
}

/** A format of weight files. */
export interface CheckpointFormat {
  /** Its name, as `inspect` shows it. */
  readonly name: string;
  /** Whether a file that begins with `head` (its first 64 bytes, or all of a shorter file) is of this format. */
  recognizes(head: Uint8Array, size: number): boolean;
  /** Reads what is needed to know the tensors. Closing the result closes `bytes`; when it throws, the caller does. */
  open(bytes: ByteSource): Promise<WeightFile>;
}
