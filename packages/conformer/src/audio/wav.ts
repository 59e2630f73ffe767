import {DataError, type FileSource, readFileSource, requireArgument, requireCount, VariantsError} from '@variants/core';
import {resample} from './resample';

/** What a WAV file holds. */
export interface WavAudio {
  /** Samples per second. */
  sampleRate: number;
  /** The samples of each channel, -1 to 1; files of floating-point numbers may go beyond. */
  channels: Float32Array[];
  /** Bytes of samples that the file's header promises and the file does not have: of a recording that was cut off. */
  missingBytes: number;
}

/** Options of {@link readAudio}. */
export interface ReadAudioOptions {
  /** Samples per second that are wanted. Default 16000. */
  sampleRate?: number;
}

/** How the numbers of a sample are stored. */
interface SampleFormat {
  isFloat: boolean;
  channels: number;
  sampleRate: number;
  /** Of one sample of one channel. */
  bytes: number;
}

/** Codes of formats, and what the others that are met most often are called. */
const formats = {pcm: 1, float: 3, extensible: 0xfffe};
const compressed: {readonly [code: number]: string} = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
  255: 'AAC',
};

/** How files that are no WAV begin. */
const others: [start: string, name: string][] = [
  ['RIFX', 'a big-endian WAV file (RIFX)'],
  ['RF64', 'a WAV file of 64 bits (RF64)'],
  ['ID3', 'an MP3 file'],
  ['\xff\xfb', 'an MP3 file'],
  ['OggS', 'an Ogg file'],
  ['fLaC', 'a FLAC file'],
  ['FORM', 'an AIFF file'],
  ['caff', 'a Core Audio file'],
];

/** Larger than any chunk: what programs write that do not know yet how long a recording becomes. */
const unknownSize = 0xffffffff;

const text = (bytes: Uint8Array, from: number, length: number) =>
  String.fromCharCode(...bytes.subarray(from, from + length));

/**
 * Reads a WAV file: whole numbers of 8, 16, 24 and 32 bits, floating-point numbers of 32 and 64, of any sample rate and any
 * number of channels, with the extensible header too. What other chunks there are is skipped. Of a recording that was cut off
 * all whole samples are read, and {@link WavAudio.missingBytes} says how much is missing.
 * @param name What messages call the file. Default 'the WAV file'.
 * @throws DataError for another file, one that is compressed, or one without samples.
 */
export function readWav(bytes: Uint8Array | ArrayBuffer, name = 'the WAV file'): WavAudio {
  if (!(bytes instanceof ArrayBuffer || ArrayBuffer.isView(bytes)))
    throw new DataError(`readWav: the bytes are ${typeof bytes}, but must be a Uint8Array or an ArrayBuffer`);
  const file =
    bytes instanceof ArrayBuffer
      ? new Uint8Array(bytes)
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (reason: string): never => {
    throw new DataError(`${name}: ${reason}`);
  };
  if (text(file, 0, 4) !== 'RIFF' || text(file, 8, 4) !== 'WAVE') fail(`is ${kindOf(file)}, but must be a WAV file`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let format: SampleFormat | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const [id, size] = [text(file, at, 4), view.getUint32(at + 4, true)];
    const start = at + 8;
    if (id === 'fmt ') format = formatOf(view, start, size, fail);
    if (id === 'data') {
      if (!format) return fail('has its samples before the chunk "fmt " that describes them');
      const isOpen = size === unknownSize || (size === 0 && !isChunk(view, start));
      return samplesOf(view, start, isOpen ? file.length - start : size, format, fail);
    }
    at = nextChunk(view, start + size);
  }
  return fail(`has no chunk "data", so no samples, in its ${file.length} bytes; it may have been cut off`);
}

/** Whether a chunk begins somewhere: its name, and as many bytes as it says. */
function isChunk(view: DataView, at: number): boolean {
  if (at + 8 > view.byteLength) return false;
  const name = text(new Uint8Array(view.buffer, view.byteOffset), at, 4);
  return /^[\x20-\x7e]{4}$/.test(name) && at + 8 + view.getUint32(at + 4, true) <= view.byteLength;
}

/** Chunks of an odd size have a byte behind them, which some programs leave out. */
function nextChunk(view: DataView, end: number): number {
  return end % 2 === 1 && (isChunk(view, end + 1) || !isChunk(view, end)) ? end + 1 : end;
}

function kindOf(file: Uint8Array): string {
  if (file.length === 0) return 'empty';
  const start = text(file, 0, 4);
  return others.find(([begin]) => start.startsWith(begin))?.[1] ?? 'no RIFF file of the kind WAVE';
}

function formatOf(view: DataView, start: number, size: number, fail: (reason: string) => never): SampleFormat {
  if (size < 16 || start + 16 > view.byteLength) return fail('is cut off in its chunk "fmt "');
  const number = (at: number) => view.getUint16(start + at, true);
  let [code, channels, sampleRate, frameBytes, bits] = [
    number(0),
    number(2),
    view.getUint32(start + 4, true),
    number(12),
    number(14),
  ];
  if (code === formats.extensible) {
    if (size < 26 || start + 26 > view.byteLength)
      return fail('has an extensible header without the format of its samples');
    // The first two bytes of the name of the format are its code.
    code = number(24);
  }
  if (code !== formats.pcm && code !== formats.float) {
    const called = compressed[code] ? `${compressed[code]} (format ${code})` : `format ${code}`;
    return fail(
      `holds ${called}, but must hold plain samples; convert it, such as by "ffmpeg -i in.wav -c:a pcm_s16le out.wav"`,
    );
  }
  if (channels === 0 || sampleRate === 0) return fail(`has ${channels} channels and ${sampleRate} samples a second`);
  const bytes = frameBytes > 0 ? frameBytes / channels : Math.ceil(bits / 8);
  const isFloat = code === formats.float;
  const allowed = isFloat ? [4, 8] : [1, 2, 3, 4];
  if (!allowed.includes(bytes) || bits > 8 * bytes)
    return fail(
      `has samples of ${bits} bits in ${bytes} bytes; allowed are ${isFloat ? '32 and 64 of floating-point' : '8, 16, 24 and 32 of whole'} numbers`,
    );
  return {isFloat, channels, sampleRate, bytes};
}

function samplesOf(
  view: DataView,
  start: number,
  size: number,
  {isFloat, channels, sampleRate, bytes}: SampleFormat,
  fail: (reason: string) => never,
): WavAudio {
  const there = view.byteLength - start;
  const count = Math.floor(Math.min(size, there) / (channels * bytes));
  if (count === 0) return fail('has no samples');
  const read = readers[isFloat ? 'float' : 'whole'][bytes];
  const lists = Array.from({length: channels}, () => new Float32Array(count));
  for (let i = 0, at = start; i < count; i++)
    for (let c = 0; c < channels; c++, at += bytes) {
      const value = read(view, at);
      if (!Number.isFinite(value)) return fail(`has ${value} as sample ${i} of channel ${c}`);
      lists[c][i] = value;
    }
  return {sampleRate, channels: lists, missingBytes: Math.max(0, size - there)};
}

type Reader = (view: DataView, at: number) => number;

/** By the bytes of a number; all little-endian, those of one byte without a sign. */
const readers: {[kind in 'whole' | 'float']: {readonly [bytes: number]: Reader}} = {
  whole: {
    1: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
    2: (view, at) => view.getInt16(at, true) / 2 ** 15,
    3: (view, at) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23,
    4: (view, at) => view.getInt32(at, true) / 2 ** 31,
  },
  float: {4: (view, at) => view.getFloat32(at, true), 8: (view, at) => view.getFloat64(at, true)},
};

/**
 * The mean of all channels.
 * @throws DataError unless there is one at least, and all are equally long.
 */
export function mono(channels: readonly Float32Array[]): Float32Array {
  const isList = Array.isArray(channels) && channels.length > 0;
  const areAlike = isList && channels.every((one) => one instanceof Float32Array && one.length === channels[0].length);
  requireArgument('mono', 'channels', channels, areAlike, 'a list of Float32Arrays of one length', DataError);
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

/**
 * The sound of a WAV file as a model takes it: one channel, the mean of all there are, at the wanted sample rate.
 * @param source A path (in a browser an address relative to the page), a URL, a File or Blob, or the file's bytes.
 * @returns The samples, -1 to 1.
 * @throws DataError when it cannot be read, is no WAV file, or one that {@link readWav} refuses.
 */
export async function readAudio(source: FileSource, options: ReadAudioOptions = {}): Promise<Float32Array> {
  const {name, bytes} = await readFileSource(source, 'WAV file').catch((error) => {
    throw error instanceof VariantsError ? new DataError(error.message, {cause: error}) : error;
  });
  const {channels, sampleRate} = readWav(bytes, name);
  return resample(mono(channels), sampleRate, options.sampleRate ?? 16000);
}

/**
 * A WAV file of one channel in whole numbers of 16 bits. What is beyond -1 and 1 is cut off.
 * @throws DataError for samples that are no numbers, or a sample rate that is none.
 */
export function writeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  if (!(samples instanceof Float32Array))
    throw new DataError(`writeWav: the samples are ${typeof samples}, but must be a Float32Array`);
  requireCount('writeWav', 'sampleRate', sampleRate, 1, DataError);
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const write = (at: number, name: string) => [...name].forEach((c, i) => void view.setUint8(at + i, c.charCodeAt(0)));
  write(0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, formats.pcm, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach(
    (x, i) => void view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(32768 * x))), true),
  );
  return new Uint8Array(view.buffer);
}
