import {createRequire} from 'node:module';
import {mono, readWav, resample} from '@variants/conformer';
import type {Random} from '@variants/core';
import type {Mespeak} from 'mespeak';

/** Samples a second of all that is made here. */
export const sampleRate = 16000;

/** What is said. Label i + 1 stands for word i, and 0 for none. */
export const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Who speaks: an accent of English, and a timbre. */
export interface Speakers {
  accents: readonly string[];
  timbres: readonly string[];
}

/** No accent and no timbre of the one is among the other's. */
export const speakers = {
  training: {accents: ['en-us', 'en', 'en-n', 'en-wm'], timbres: ['m1', 'm2', 'm3', 'm4', 'm6', 'f1', 'f2', 'f4']},
  heldOut: {accents: ['en-rp', 'en-sc'], timbres: ['m5', 'm7', 'f3', 'f5']},
} as const satisfies {[name: string]: Speakers};

/** Sound and what is said in it. */
export interface Phrase {
  samples: Float32Array;
  labels: number[];
}

const load = createRequire(import.meta.url);

/** Phrases that one copy of the synthesiser says: its memory is spoilt some eighty later. */
const phrasesOfCopy = 40;
let copy: Mespeak;
let spoken = 0;

/** The synthesiser, anew every so often. */
function synthesizer(): Mespeak {
  if (spoken++ % phrasesOfCopy > 0) return copy;
  delete load.cache[load.resolve('mespeak')];
  // What it says of itself while it is loaded belongs to nobody's output.
  const {log} = console;
  console.log = () => {};
  copy = load('mespeak');
  console.log = log;
  copy.loadConfig(load('mespeak/src/mespeak_config.json'));
  for (const accent of [...speakers.training.accents, ...speakers.heldOut.accents])
    copy.loadVoice(load(`mespeak/voices/en/${accent}.json`));
  return copy;
}

const pick = <T>(list: readonly T[], random: Random): T => list[random.below(list.length)];
const between = (low: number, high: number, random: Random) => low + (high - low) * random.uniform();

/** One to four digits in one breath, by any of the speakers, at any speed and pitch. */
export function speak({accents, timbres}: Speakers, random: Random): Phrase {
  const labels = Array.from({length: 1 + random.below(4)}, () => 1 + random.below(words.length));
  const file = synthesizer().speak(labels.map((label) => words[label - 1]).join(' '), {
    voice: `en/${pick(accents, random)}`,
    variant: pick(timbres, random),
    speed: Math.round(between(130, 220, random)),
    pitch: Math.round(between(20, 80, random)),
    wordgap: random.below(8),
    rawdata: 'array',
  });
  const {channels, sampleRate: given} = readWav(Uint8Array.from(file));
  return {samples: resample(mono(channels), given, sampleRate), labels};
}

/**
 * The phrase as another recording of it: a little faster or slower, louder or softer, in noise that is `loudness` decibels
 * below it, with a beginning and an end of noise alone.
 */
export function recorded({samples, labels}: Phrase, random: Random, loudness: readonly [number, number]): Phrase {
  const played = resample(samples, sampleRate, Math.round(between(0.92, 1.08, random) * 160) * 100);
  const [before, after] = [random.below(3200), random.below(3200)];
  const power = played.reduce((sum, x) => sum + x * x, 0) / played.length;
  const noise = Math.sqrt(power) * 10 ** (-between(...loudness, random) / 20);
  const gain = between(0.3, 1.2, random);
  // Between white and low noise, as rooms have it.
  const keep = between(0, 0.95, random);
  let low = 0;
  const noisy = Float32Array.from({length: before + played.length + after}, (_, i) => {
    low = keep * low + Math.sqrt(1 - keep * keep) * random.normal();
    return gain * ((played[i - before] ?? 0) + noise * low);
  });
  return {samples: noisy, labels};
}
