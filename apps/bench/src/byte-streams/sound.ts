import {Random} from '@variants/core';

/** Samples a second. */
export const sampleRate = 8000;

/** Bytes of a WAV file before its samples. */
export const wavHeaderBytes = 44;

const pentatonic = [0, 2, 4, 7, 9];

/**
 * A melody of plucked strings, 8-bit samples of 8 kHz: sixteen notes a second, each of three harmonics that fade. The same
 * seed gives the same melody.
 */
export function playMelody(seconds: number, seed: number): Uint8Array {
  const random = new Random(seed, 'melody');
  const noteLength = sampleRate / 16;
  const samples = new Uint8Array(Math.round(seconds * sampleRate));
  let frequency = 220;
  for (let t = 0; t < samples.length; t++) {
    if (t % noteLength === 0) frequency = 220 * 2 ** (pentatonic[random.below(pentatonic.length)] / 12);
    const inNote = (t % noteLength) / sampleRate;
    const tone = [1, 2, 3].reduce(
      (sum, harmonic) => sum + Math.sin(2 * Math.PI * harmonic * frequency * inNote) / harmonic ** 2,
      0,
    );
    samples[t] = Math.round(128 + 80 * Math.exp(-20 * inNote) * tone);
  }
  return samples;
}

/** A WAV file: header, and 8-bit samples of one channel. */
export function wavOf(samples: Uint8Array): Uint8Array {
  const file = new Uint8Array(wavHeaderBytes + samples.length);
  const view = new DataView(file.buffer);
  const text = (at: number, letters: string) => file.set(new TextEncoder().encode(letters), at);
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples.length, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate, true); // bytes a second
  view.setUint16(32, 1, true); // bytes of all channels' samples
  view.setUint16(34, 8, true); // bits of a sample
  text(36, 'data');
  view.setUint32(40, samples.length, true);
  file.set(samples, wavHeaderBytes);
  return file;
}
