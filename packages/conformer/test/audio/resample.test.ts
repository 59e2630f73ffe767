import {DataError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {resample} from '../../src/audio/resample';

const sine = (hertz: number, rate: number, seconds: number) =>
  Float32Array.from({length: rate * seconds}, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate));

/** Of what is not near the ends. */
const inner = (samples: Float32Array) => samples.subarray(samples.length / 4, (3 * samples.length) / 4);

describe('resample', () => {
  it.each([
    [8000, 16000],
    [11025, 16000],
    [22050, 16000],
    [44100, 16000],
    [48000, 16000],
    [16000, 44100],
    [44101, 8000],
  ])('from %i to %i keeps a tone as it is', (from, to) => {
    const wanted = sine(440, to, 0.5);
    const given = resample(sine(440, from, 0.5), from, to);
    expect(Math.abs(given.length - wanted.length)).toBeLessThanOrEqual(1);
    const errors = inner(given).map((x, i) => Math.abs(x - inner(wanted)[i]));
    expect(Math.max(...errors)).toBeLessThan(2e-3);
  });

  it('takes out what the lower rate cannot hold', () => {
    const quiet = inner(resample(sine(6000, 16000, 0.5), 16000, 8000));
    expect(Math.max(...quiet.map(Math.abs))).toBeLessThan(1e-3);
  });

  it('leaves samples of the same rate alone', () => {
    const samples = sine(100, 8000, 0.1);
    expect(resample(samples, 8000, 8000)).toBe(samples);
    expect(resample(new Float32Array(0), 8000, 16000).length).toBe(0);
    expect(resample(Float32Array.of(1), 8000, 16000).length).toBe(2);
  });

  it('refuses what is no rate', () => {
    expect(() => resample(new Float32Array(1), 0, 16000)).toThrow(DataError);
    expect(() => resample(new Float32Array(1), 16000, 0.5)).toThrow(/to is 0.5/);
    expect(() => resample([1] as unknown as Float32Array, 8000, 16000)).toThrow(/Float32Array/);
  });
});
