import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {bufferSource} from '../../src/files/bytes';
import {openSafetensors, readSafetensors} from '../../src/files/safetensors';
import {writeSafetensors} from '../../src/files/safetensors-write';
import {checkpointErrorOf, succeedsOrIsRefused} from './errors';
import {rawSafetensors} from './safetensors-files';
import {bytesOf} from './torch-files';

const anyTensor = fc.array(fc.integer({min: 0, max: 4}), {maxLength: 4}).chain((shape) => {
  const count = shape.reduce((product, size) => product * size, 1);
  const exactly = {minLength: count, maxLength: count};
  const floats = fc.array(fc.float(), exactly).map((values) => Float32Array.from(values));
  const integers = fc.array(fc.integer(), exactly).map((values) => Int32Array.from(values));
  return fc.record({shape: fc.constant(shape), data: fc.oneof(floats, integers)});
});
const anyName = fc.string({unit: 'binary', maxLength: 12}).filter((name) => name !== '__metadata__');
const anyTensors = fc.dictionary(anyName, anyTensor, {maxKeys: 6});

const open = (bytes: Uint8Array) => openSafetensors(bufferSource('x.safetensors', bytes));

async function readEverything(bytes: Uint8Array): Promise<void> {
  const file = await open(bytes);
  for (const name of file.tensors.keys()) await file.read(name);
  readSafetensors(bytes);
}

describe('safetensors round trips', () => {
  it('what is written is read, whole and tensor by tensor, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyTensors, fc.dictionary(fc.string(), fc.string(), {maxKeys: 3}), async (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        const whole = readSafetensors(bytes);
        const file = await open(bytes);
        expect(whole.metadata).toEqual({...metadata});
        expect(file.metadata).toEqual({...metadata});
        expect(Object.keys(whole.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, {shape, data}] of Object.entries(tensors)) {
          const loaded = whole.tensors[name];
          expect(loaded.shape).toEqual(shape);
          expect(loaded.data.constructor).toBe(data.constructor);
          expect(bytesOf(loaded.data)).toEqual(bytesOf(data));
          expect(file.tensors.get(name)?.shape).toEqual(shape);
          if (data instanceof Int32Array) expect(await file.readIntegers(name)).toEqual(data);
          else expect(bytesOf(await file.read(name))).toEqual(bytesOf(data));
        }
      }),
      {numRuns: 100},
    );
  });

  it('names of JavaScript objects are names like others', () => {
    const data = Float32Array.of(1);
    const tensors = Object.fromEntries(
      ['__proto__', 'constructor', 'toString'].map((name) => [name, {shape: [1], data}]),
    );
    const {tensors: loaded} = readSafetensors(writeSafetensors(tensors));
    expect(Object.keys(loaded).sort()).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
  });

  it('equal tensors give equal bytes in whatever order they come, and the data begins at a multiple of 8', () => {
    const one = {shape: [1], data: Float32Array.of(1)};
    const two = {shape: [2], data: Int32Array.of(1, 2)};
    const bytes = writeSafetensors({b: one, a: two});
    expect(writeSafetensors({a: two, b: one})).toEqual(bytes);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect([...readSafetensors(bytes).tensors.a.data]).toEqual([1, 2]);
  });

  it('keeps the bits of NaN and of -0', () => {
    const data = new Float32Array(Uint32Array.of(0x7fc12345, 0x80000000).buffer);
    const {tensors} = readSafetensors(writeSafetensors({a: {shape: [2], data}}));
    expect(bytesOf(tensors.a.data)).toEqual(bytesOf(data));
  });

  it('what is read is no window into the file', async () => {
    const bytes = writeSafetensors({a: {shape: [1], data: Float32Array.of(5)}});
    const whole = readSafetensors(bytes).tensors.a.data;
    const lazily = await (await open(bytes)).read('a');
    bytes.fill(0);
    expect([whole[0], lazily[0]]).toEqual([5, 5]);
  });

  it('reads halves, doubles and whole numbers of other sizes', async () => {
    const header = {
      half: {dtype: 'F16', shape: [2], data_offsets: [0, 4]},
      brain: {dtype: 'BF16', shape: [1], data_offsets: [4, 6]},
      byte: {dtype: 'U8', shape: [2, 1], data_offsets: [6, 8]},
    };
    const bytes = rawSafetensors(header, Uint8Array.of(0, 0x3c, 1, 0, 0x80, 0xbf, 200, 3));
    const file = await open(bytes);
    expect([...(await file.read('half'))]).toEqual([1, 2 ** -24]);
    expect([...(await file.read('brain'))]).toEqual([-1]);
    expect([...(await file.readIntegers('byte'))]).toEqual([200, 3]);
    expect(readSafetensors(bytes).tensors.byte).toEqual({dtype: 'U8', shape: [2, 1], data: Int32Array.of(200, 3)});
    expect(await checkpointErrorOf(() => file.readIntegers('half'))).toContain('tensor "half": is F16');
  });

  it('an empty file of tensors is one', () => {
    expect(readSafetensors(writeSafetensors({}))).toEqual({tensors: {}, metadata: {}});
    expect(readSafetensors(rawSafetensors('{}   ')).tensors).toEqual({});
  });

  it('does not write shapes that do not fit, nor a tensor in place of the metadata', () => {
    const data = Float32Array.of(1, 2, 3);
    expect(() => writeSafetensors({a: {shape: [2, 2], data}})).toThrow(ShapeError);
    expect(() => writeSafetensors({a: {shape: [2, 2], data}})).toThrow(
      'tensor "a": shape [2, 2] does not fit its 3 values',
    );
    expect(() => writeSafetensors({a: {shape: [-3], data}})).toThrow(ShapeError);
    expect(() => writeSafetensors({__metadata__: {shape: [3], data}})).toThrow('__metadata__');
  });
});

const info = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({dtype, shape, data_offsets});

const hostile: Record<string, {bytes: Uint8Array; message: string}> = {
  'an empty file': {bytes: new Uint8Array(0), message: 'has 0 bytes, a safetensors file begins with a length of 8'},
  'a file of 7 bytes': {bytes: new Uint8Array(7), message: 'has 7 bytes'},
  'a header of 2^60 bytes': {
    bytes: rawSafetensors('{}', 0, [0, 0, 0, 0, 0, 0, 0, 16]),
    message: 'claim a header of 1152921504606846976 bytes, but only 2 can follow',
  },
  'a header of 2^64 - 1 bytes': {
    bytes: rawSafetensors('{}', 0, new Array(8).fill(255)),
    message: 'claim a header of 18446744073709551615 bytes',
  },
  'a header one byte too long': {
    bytes: rawSafetensors('{}', 0, [3, 0, 0, 0, 0, 0, 0, 0]),
    message: 'header of 3 bytes',
  },
  'a header that is no JSON': {bytes: rawSafetensors('{"a": ', 0), message: 'header (bytes 8 to 14): is no JSON'},
  'an empty header': {bytes: rawSafetensors('', 0), message: 'header (bytes 8 to 8): is no JSON'},
  'a header that is no UTF-8': {bytes: new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), message: 'is no UTF-8'},
  'a header that is a list': {bytes: rawSafetensors('[1]'), message: 'is no JSON object of tensors'},
  'a header nested without end': {bytes: rawSafetensors('['.repeat(100_000)), message: 'is no JSON'},
  'a name that stands there twice': {
    bytes: rawSafetensors(
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ),
    message: 'the name "a" stands there twice',
  },
  'a field that stands there twice': {
    bytes: rawSafetensors('{"a":{"dtype":"U8","shape":[1],"shape":[0],"data_offsets":[0,0]}}'),
    message: 'the name "shape" stands there twice',
  },
  'metadata that is no text': {
    bytes: rawSafetensors({__metadata__: {a: 1}}),
    message: '__metadata__ is no object of strings',
  },
  'a tensor that is no object': {
    bytes: rawSafetensors({a: null}),
    message: 'tensor "a": is described by no JSON object',
  },
  'an unknown dtype': {
    bytes: rawSafetensors({a: info('F8_E4M3', [1], [0, 1])}, 1),
    message: 'tensor "a": its dtype "F8_E4M3" is unknown',
  },
  'a dtype named like an object method': {
    bytes: rawSafetensors({a: info('toString', [1], [0, 1])}, 1),
    message: '"toString" is unknown',
  },
  'no dtype': {
    bytes: rawSafetensors({a: {shape: [1], data_offsets: [0, 1]}}, 1),
    message: 'its dtype undefined is unknown',
  },
  'a negative dimension': {
    bytes: rawSafetensors({a: info('F32', [-1, -1], [0, 4])}, 4),
    message: 'tensor "a": its shape [-1,-1] is no list',
  },
  'a broken dimension': {
    bytes: rawSafetensors({a: info('F32', [0.5, 2], [0, 4])}, 4),
    message: 'tensor "a": its shape [0.5,2]',
  },
  'a dimension that is text': {
    bytes: rawSafetensors({a: info('F32', ['1'], [0, 4])}, 4),
    message: 'tensor "a": its shape ["1"]',
  },
  'a dimension beyond 2^53': {
    bytes: rawSafetensors('{"a":{"dtype":"F32","shape":[1e30],"data_offsets":[0,4]}}', 4),
    message: 'its shape [1e+30]',
  },
  'a shape that is a number': {
    bytes: rawSafetensors({a: info('F32', 1, [0, 4])}, 4),
    message: 'tensor "a": its shape 1',
  },
  'a shape that does not fit its bytes': {
    bytes: rawSafetensors({a: info('F32', [2, 2], [0, 12])}, 12),
    message: 'tensor "a": data_offsets [0, 12] hold 12 bytes, but F32 of shape [2, 2] takes 16',
  },
  'a shape whose product overflows': {
    bytes: rawSafetensors({a: info('F32', [2 ** 31, 2 ** 31, 4], [0, 0])}),
    message: 'hold 0 bytes, but F32 of shape [2147483648, 2147483648, 4] takes 73786976294838210000',
  },
  'offsets the wrong way round': {
    bytes: rawSafetensors({a: info('U8', [1], [1, 0])}, 1),
    message: 'tensor "a": data_offsets [1,0]',
  },
  'negative offsets': {bytes: rawSafetensors({a: info('U8', [1], [-1, 0])}, 1), message: 'data_offsets [-1,0]'},
  'three offsets': {bytes: rawSafetensors({a: info('U8', [1], [0, 1, 2])}, 1), message: 'data_offsets [0,1,2]'},
  'offsets beyond the file': {
    bytes: rawSafetensors({a: info('F32', [2], [0, 8])}, 7),
    message: 'tensor "a": data_offsets [0, 8] reach beyond the file, which has 7 bytes after its header',
  },
  'offsets of 2^60': {
    bytes: rawSafetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,${2 ** 60}]}}`, 1),
    message: 'tensor "a"',
  },
  'tensors that overlap': {
    bytes: rawSafetensors({a: info('U8', [4], [0, 4]), b: info('U8', [4], [2, 6])}, 6),
    message: 'tensor "b": data_offsets [2, 6] overlaps with tensor "a", which ends at 4',
  },
  'a tensor within another': {
    bytes: rawSafetensors({a: info('U8', [4], [0, 4]), b: info('U8', [1], [1, 2])}, 4),
    message: 'tensor "b": data_offsets [1, 2] overlaps',
  },
  'a hole': {
    bytes: rawSafetensors({a: info('U8', [1], [0, 1]), b: info('U8', [1], [2, 3])}, 3),
    message: 'tensor "b": data_offsets [2, 3] leaves a hole after tensor "a", which ends at 1',
  },
  'a hole at the start': {
    bytes: rawSafetensors({a: info('U8', [1], [1, 2])}, 2),
    message: 'leaves a hole after the header',
  },
  'bytes left over': {
    bytes: rawSafetensors({a: info('U8', [1], [0, 1])}, 3),
    message: 'tensor "a" ends at data byte 1, but the file has 3 bytes after its header',
  },
};

describe('safetensors files that lie', () => {
  it.each(Object.entries(hostile))('%s', async (_, {bytes, message}) => {
    const lazily = await checkpointErrorOf(() => open(bytes));
    expect(lazily).toContain(message);
    expect(lazily.startsWith('x.safetensors')).toBe(true);
    expect(await checkpointErrorOf(() => readSafetensors(bytes))).toContain(message);
  });

  it('every truncation of a file is an error', async () => {
    const bytes = writeSafetensors({
      a: {shape: [2], data: Float32Array.of(1, 2)},
      b: {shape: [], data: Int32Array.of(3)},
    });
    for (let length = 0; length < bytes.length; length++)
      await checkpointErrorOf(() => open(bytes.subarray(0, length)));
  });

  it('a name that is not there', async () => {
    const file = await open(writeSafetensors({}));
    expect(await checkpointErrorOf(() => file.read('a'))).toBe('x.safetensors: has no tensor "a"');
  });

  it('hundreds of changed files are read or refused, nothing else', async () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const original = writeSafetensors(
      {a: {shape: [2, 3], data}, 'b.c': {shape: [6], data: Int32Array.from(data)}},
      {x: 'y'},
    );
    const headerEnd = original.length - 48;
    const change = fc.record({
      at: fc.nat(headerEnd),
      byte: fc.integer({min: 0, max: 255}),
      cut: fc.nat(3),
      insert: fc.nat(2),
    });
    const outcomes = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(fc.array(change, {minLength: 1, maxLength: 3}), async (changes) => {
        const bytes = [...original];
        for (const {at, byte, cut, insert} of changes) bytes.splice(at, cut, ...new Array(insert).fill(byte));
        outcomes.add(await succeedsOrIsRefused(() => readEverything(Uint8Array.from(bytes))));
      }),
      {numRuns: 500, seed: 1},
    );
    expect(outcomes).toContain(false);
  });
});
