import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CheckpointError} from '../../src/errors';
import {type StoredDtype, toFloat32, toInt32} from '../../src/files/dtypes';
import {bytesOf} from './torch-files';

const arrays = {
  F64: (values: number[]) => Float64Array.from(values),
  F32: (values: number[]) => Float32Array.from(values),
  I64: (values: number[]) => BigInt64Array.from(values, BigInt),
  I32: (values: number[]) => Int32Array.from(values),
  I16: (values: number[]) => Int16Array.from(values),
  I8: (values: number[]) => Int8Array.from(values),
  U8: (values: number[]) => Uint8Array.from(values),
};

describe('values of each type', () => {
  it.each(Object.entries(arrays))('%s: whole numbers of its range come back', (dtype, make) => {
    const bits = {F64: 24, F32: 24, I64: 31, I32: 31, I16: 15, I8: 7, U8: 8}[dtype] as number;
    const min = dtype === 'U8' ? 0 : -(2 ** bits);
    const integers = fc.array(fc.integer({min, max: 2 ** bits - 1}), {maxLength: 20});
    fc.assert(
      fc.property(integers, (values) => {
        const bytes = bytesOf(make(values));
        expect([...toFloat32(dtype as StoredDtype, bytes, 't')]).toEqual(values.map(Math.fround));
        if (!dtype.startsWith('F')) expect([...toInt32(dtype as StoredDtype, bytes, 't')]).toEqual(values);
      }),
      {numRuns: 50},
    );
  });

  it('BOOL gives 0 and 1', () => {
    expect([...toFloat32('BOOL', Uint8Array.of(0, 1, 7), 't')]).toEqual([0, 1, 1]);
    expect([...toInt32('BOOL', Uint8Array.of(0, 1, 7), 't')]).toEqual([0, 1, 1]);
  });

  it('F64 is rounded to the nearest float32', () => {
    expect(toFloat32('F64', bytesOf(Float64Array.of(0.1, 1e-50)), 't')).toEqual(Float32Array.of(Math.fround(0.1), 0));
  });

  it('reads bytes that lie anywhere in a buffer', () => {
    const buffer = new Uint8Array(11);
    buffer.set(bytesOf(Float32Array.of(1.5, -2)), 3);
    expect(toFloat32('F32', buffer.subarray(3), 't')).toEqual(Float32Array.of(1.5, -2));
  });

  it.each([2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])(
    'I64: %s is refused by value',
    (value) => {
      const bytes = bytesOf(BigInt64Array.of(0n, value));
      expect(() => toFloat32('I64', bytes, 'tensor "a"')).toThrow(CheckpointError);
      expect(() => toFloat32('I64', bytes, 'tensor "a"')).toThrow(`tensor "a": value 1 is ${value}`);
    },
  );

  it.each([2n ** 53n - 1n, 1n - 2n ** 53n])('I64: %s is read', (value) => {
    expect(toFloat32('I64', bytesOf(BigInt64Array.of(value)), 't')[0]).toBe(Math.fround(Number(value)));
  });

  it('I64 as int32 is refused from 2^31 on', () => {
    const read = (value: bigint) => toInt32('I64', bytesOf(BigInt64Array.of(value)), 't');
    expect(read(2n ** 31n - 1n)[0]).toBe(2 ** 31 - 1);
    expect(read(-(2n ** 31n))[0]).toBe(-(2 ** 31));
    expect(() => read(2n ** 31n)).toThrow('value 0 is 2147483648');
    expect(() => read(-(2n ** 31n) - 1n)).toThrow('value 0 is -2147483649');
  });

  it('floating-point numbers are not read as whole ones', () => {
    expect(() => toInt32('F32', bytesOf(Float32Array.of(1)), 'tensor "a"')).toThrow('tensor "a": is F32');
  });
});
