import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DataError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {mono, readAudio, readWav, writeWav} from '../../src/audio/wav';

interface Header {
  code?: number;
  channels?: number;
  sampleRate?: number;
  bits?: number;
  /** With the extensible header. */
  extensible?: boolean;
}

type Chunk = [id: string, data: Uint8Array, size?: number];

const bytesOf = (...values: [value: number, bytes: number][]) =>
  Uint8Array.from(
    values.flatMap(([value, count]) => Array.from({length: count}, (_, i) => Math.floor(value / 256 ** i) % 256)),
  );

function formatChunk({code = 1, channels = 1, sampleRate = 16000, bits = 16, extensible = false}: Header = {}): Chunk {
  const frame = (channels * bits) / 8;
  const plain = bytesOf(
    [extensible ? 0xfffe : code, 2],
    [channels, 2],
    [sampleRate, 4],
    [sampleRate * frame, 4],
    [frame, 2],
    [bits, 2],
  );
  const guid = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
  return ['fmt ', extensible ? Uint8Array.from([...plain, 22, 0, bits, 0, 0, 0, 0, 0, code, 0, ...guid]) : plain];
}

/** A file of chunks, each of which has a byte behind it where its size is odd. */
function wavOf(chunks: Chunk[], {padded = true} = {}): Uint8Array {
  const ascii = (name: string) => [...name].map((c) => c.charCodeAt(0));
  const body = chunks.flatMap(([id, data, size = data.length]) => [
    ...ascii(id),
    ...bytesOf([size, 4]),
    ...data,
    ...(padded && data.length % 2 === 1 ? [0] : []),
  ]);
  return Uint8Array.from([...ascii('RIFF'), ...bytesOf([body.length + 4, 4]), ...ascii('WAVE'), ...body]);
}

/** Values of a kind as they are stored. */
function stored(values: number[], code: number, bits: number): Uint8Array {
  const view = new DataView(new ArrayBuffer((values.length * bits) / 8));
  values.forEach((value, i) => {
    const at = (i * bits) / 8;
    if (code === 3) bits === 32 ? view.setFloat32(at, value, true) : view.setFloat64(at, value, true);
    else if (bits === 8) view.setUint8(at, 128 + value * 2 ** 7);
    else if (bits === 16) view.setInt16(at, value * 2 ** 15, true);
    else if (bits === 32) view.setInt32(at, value * 2 ** 31, true);
    else for (let k = 0; k < 3; k++) view.setUint8(at + k, ((value * 2 ** 23) >> (8 * k)) & 255);
  });
  return new Uint8Array(view.buffer);
}

const steps = [0, 0.5, -0.5, 0.25, -1, -0.25];
const kinds: [code: number, bits: number][] = [
  [1, 8],
  [1, 16],
  [1, 24],
  [1, 32],
  [3, 32],
  [3, 64],
];
const someSamples: Chunk = ['data', stored(steps, 1, 16)];

describe('readWav', () => {
  it.each(kinds)(
    'reads format %i of %i bits, with both headers, of one and two channels, at any rate',
    (code, bits) => {
      for (const extensible of [false, true])
        for (const channels of [1, 2])
          for (const sampleRate of [8000, 11025, 44100, 48000]) {
            const header = formatChunk({code, bits, channels, sampleRate, extensible});
            const audio = readWav(wavOf([header, ['data', stored(steps, code, bits)]]));
            expect(audio.sampleRate).toBe(sampleRate);
            expect(audio.missingBytes).toBe(0);
            expect(audio.channels.map((channel) => [...channel])).toEqual(
              channels === 1 ? [steps] : [steps.filter((_, i) => i % 2 === 0), steps.filter((_, i) => i % 2 === 1)],
            );
          }
    },
  );

  it('skips other chunks, of an odd size with and without the byte behind', () => {
    const odd: Chunk = ['LIST', Uint8Array.from([1, 2, 3, 4, 5])];
    for (const padded of [true, false]) {
      const {channels} = readWav(
        wavOf([odd, formatChunk(), odd, ['junk', new Uint8Array(2)], someSamples, odd], {padded}),
      );
      expect([...channels[0]]).toEqual(steps);
    }
  });

  it('reads to the end where a recording says no size', () => {
    for (const size of [0, 0xffffffff]) {
      const {channels, missingBytes} = readWav(wavOf([formatChunk(), ['data', someSamples[1], size]]));
      expect([...channels[0]]).toEqual(steps);
      expect(missingBytes).toBe(0);
    }
    expect(() => readWav(wavOf([formatChunk(), ['data', new Uint8Array(0)], ['LIST', new Uint8Array(4)]]))).toThrow(
      /no samples/,
    );
  });

  it('reads the whole samples of a recording that was cut off, and says what is missing', () => {
    const whole = wavOf([formatChunk({channels: 2}), ['data', someSamples[1]]]);
    const {channels, missingBytes} = readWav(whole.subarray(0, whole.length - 3));
    expect(channels.map((channel) => [...channel])).toEqual([
      [0, -0.5],
      [0.5, 0.25],
    ]);
    expect(missingBytes).toBe(3);
  });

  it('of any beginning of a file it reads what is there, or says why it cannot', () => {
    const whole = wavOf([['LIST', new Uint8Array(3)], formatChunk({extensible: true}), someSamples]);
    for (let length = 0; length < whole.length; length++) {
      try {
        expect(readWav(whole.subarray(0, length)).channels[0].length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        expect((error as Error).message).toMatch(/^the WAV file: [^\n]{10,}$/);
      }
    }
  });

  it('never fails in another way, whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 80}), fc.nat(60), fc.boolean(), (noise, place, isHeader) => {
        const file = wavOf([formatChunk(), someSamples]);
        file.set(noise.subarray(0, Math.max(0, file.length - place)), Math.min(place, file.length));
        try {
          readWav(isHeader ? file : noise);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      {numRuns: 300},
    );
  });

  it.each<[what: string, file: Uint8Array, message: RegExp]>([
    ['nothing', new Uint8Array(0), /is empty/],
    ['an MP3 file', new TextEncoder().encode('ID3abcdefghi'), /is an MP3 file, but must be a WAV file/],
    ['a FLAC file', new TextEncoder().encode('fLaCabcdefghi'), /is a FLAC file/],
    ['text', new TextEncoder().encode('one two three'), /is no RIFF file/],
    ['mu-law', wavOf([formatChunk({code: 7, bits: 8}), someSamples]), /holds mu-law \(format 7\).*convert it/],
    ['12 bits in 12', wavOf([formatChunk({bits: 12, channels: 2}), someSamples]), /12 bits/],
    ['40 bits', wavOf([formatChunk({bits: 40}), someSamples]), /40 bits in 5 bytes; allowed are 8, 16, 24 and 32/],
    ['floats of 16 bits', wavOf([formatChunk({code: 3, bits: 16}), someSamples]), /allowed are 32 and 64/],
    ['no channels', wavOf([formatChunk({channels: 0}), someSamples]), /0 channels/],
    ['no rate', wavOf([formatChunk({sampleRate: 0}), someSamples]), /0 samples a second/],
    ['no samples', wavOf([formatChunk(), ['data', new Uint8Array(1)]]), /has no samples/],
    ['no chunk of samples', wavOf([formatChunk()]), /no chunk "data"/],
    ['samples first', wavOf([someSamples, formatChunk()]), /before the chunk "fmt "/],
    [
      'NaN',
      wavOf([formatChunk({code: 3, bits: 32}), ['data', stored([0, Number.NaN], 3, 32)]]),
      /NaN as sample 1 of channel 0/,
    ],
  ])('refuses %s in one line', (_, file, message) => {
    expect(() => readWav(file, 'a.wav')).toThrow(DataError);
    expect(() => readWav(file, 'a.wav')).toThrow(message);
    expect(() => readWav(file, 'a.wav')).toThrow(/^a\.wav: [^\n]*$/);
  });
});

describe('writeWav', () => {
  it('writes what readWav reads, cut off at 1', () => {
    const {channels, sampleRate} = readWav(writeWav(Float32Array.from([...steps, 2, -2]), 22050));
    expect(sampleRate).toBe(22050);
    expect([...channels[0]]).toEqual([...steps, 32767 / 32768, -1]);
    expect(() => writeWav([0] as unknown as Float32Array, 8000)).toThrow(/Float32Array/);
    expect(() => writeWav(new Float32Array(1), 0.5)).toThrow(/sampleRate is 0.5/);
  });
});

describe('readAudio', () => {
  it('gives the mean of all channels at the wanted rate, of a file and of its bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'variants-wav-'));
    try {
      const path = join(folder, 'two.wav');
      const file = wavOf([formatChunk({channels: 2, sampleRate: 8000}), ['data', stored(Array(400).fill(0.5), 1, 16)]]);
      writeFileSync(path, file);
      for (const source of [path, file, new Blob([Uint8Array.from(file)])]) {
        const samples = await readAudio(source);
        expect(samples.length).toBe(400);
        expect(samples[200]).toBeCloseTo(0.5, 3);
      }
      expect((await readAudio(path, {sampleRate: 8000})).length).toBe(200);
    } finally {
      rmSync(folder, {recursive: true});
    }
    await expect(readAudio('/nowhere/a.wav')).rejects.toThrow(DataError);
    await expect(readAudio('/nowhere/a.wav')).rejects.toThrow(/a\.wav/);
  });

  it('mono is the mean', () => {
    expect([...mono([Float32Array.from([1, 0]), Float32Array.from([0, -1])])]).toEqual([0.5, -0.5]);
  });
});
