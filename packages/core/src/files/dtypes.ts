import {CheckpointError} from '../errors';
import {bfloat16ToFloat32, float16ToFloat32} from './float16';

/** Bytes of one value of each type that files may hold, by the names of the safetensors format. */
export const bytesPerValue = {F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1} as const;

/** The type of a tensor in a file. */
export type StoredDtype = keyof typeof bytesPerValue;

const floatDtypes: readonly StoredDtype[] = ['F64', 'F32', 'F16', 'BF16'];

/** Whether tensors of the type hold floating-point numbers. */
export function isFloat(dtype: StoredDtype): boolean {
  return floatDtypes.includes(dtype);
}

/** Whether `name` is one of the types that can be read. */
export function isStoredDtype(name: unknown): name is StoredDtype {
  return typeof name === 'string' && Object.hasOwn(bytesPerValue, name);
}

/** Number of values of a shape; beyond 2^53 it is no exact number, and Number.isSafeInteger is false. */
export function countOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/** Whether a value is a shape: a list of whole numbers that are not negative. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : new Uint8Array(bytes).buffer) as ArrayBuffer;
}

// As two words, because a BigInt for each value would take many times as long.
function int64Values<Values extends Float32Array | Int32Array>(
  buffer: ArrayBuffer,
  values: Values,
  where: string,
): Values {
  const low = new Uint32Array(buffer);
  const high = new Int32Array(buffer);
  const [smallest, largest] =
    values instanceof Int32Array ? [-(2 ** 31), 2 ** 31 - 1] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  for (let i = 0; i < values.length; i++) {
    const value = high[2 * i + 1] * 2 ** 32 + low[2 * i];
    if (value > largest || value < smallest) {
      const exact = new BigInt64Array(buffer)[i];
      throw new CheckpointError(
        `${where}: value ${i} is ${exact}, only whole numbers from ${smallest} to ${largest} can be read`,
      );
    }
    values[i] = value;
  }
  return values;
}

/**
 * Little-endian bytes of a file as float32. Without a copy for F32 in a buffer of its own; F64 is rounded; a value of I64
 * beyond 2^53 is a CheckpointError, which begins with `where`. (JavaScript engines run on little-endian machines.)
 */
export function toFloat32(dtype: StoredDtype, bytes: Uint8Array, where: string): Float32Array {
  const buffer = bufferOf(bytes);
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return float16ToFloat32(new Uint16Array(buffer));
  if (dtype === 'BF16') return bfloat16ToFloat32(new Uint16Array(buffer));
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  if (dtype === 'I64') return int64Values(buffer, new Float32Array(bytes.length / 8), where);
  return Float32Array.from(narrowIntegers(dtype, buffer));
}

/** Little-endian bytes of whole numbers or booleans (0 and 1) as int32; a CheckpointError for other types and larger values. */
export function toInt32(dtype: StoredDtype, bytes: Uint8Array, where: string): Int32Array {
  if (isFloat(dtype)) throw new CheckpointError(`${where}: is ${dtype}, not a type of whole numbers`);
  const buffer = bufferOf(bytes);
  if (dtype === 'I32') return new Int32Array(buffer);
  if (dtype === 'I64') return int64Values(buffer, new Int32Array(bytes.length / 8), where);
  return Int32Array.from(narrowIntegers(dtype, buffer));
}

function narrowIntegers(dtype: StoredDtype, buffer: ArrayBuffer): Int32Array | Int16Array | Int8Array | Uint8Array {
  if (dtype === 'I32') return new Int32Array(buffer);
  if (dtype === 'I16') return new Int16Array(buffer);
  if (dtype === 'I8') return new Int8Array(buffer);
  const bytes = new Uint8Array(buffer);
  return dtype === 'BOOL' ? bytes.map((byte) => (byte === 0 ? 0 : 1)) : bytes;
}
