import {DataError, requireArgument} from '@variants/core';

/** Zero crossings of the sinc on each side, and how far below the new limit of pitches its own lies. */
const [crossings, rolloff] = [16, 0.95];

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Samples at another rate, by the sinc that keeps what is below half of the lower rate, under a Hann window:
 *
 *     y[n] = sum_k x[k] h(n from / to - k),   h(t) = c sinc(c t) cos²(pi c t / 2w),   c = 0.95 min(1, to / from)
 *
 * @param from Samples per second of the given ones.
 * @param to Samples per second of those that are wanted.
 * @returns ceil(length to / from) samples; the given ones themselves where the rates are the same.
 * @throws DataError for a rate that is no whole number of at least 1.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (!(samples instanceof Float32Array))
    throw new DataError(`resample: the samples are ${typeof samples}, but must be a Float32Array`);
  for (const [name, rate] of Object.entries({from, to})) {
    const isRate = Number.isSafeInteger(rate) && rate >= 1;
    requireArgument('resample', name, rate, isRate, 'a whole number of samples a second, at least 1', DataError);
  }
  if (from === to) return samples;
  const shared = gcd(from, to);
  const [step, phases] = [from / shared, to / shared];
  const cut = rolloff * Math.min(1, to / from);
  const reach = Math.ceil(crossings / cut);
  const taps = 2 * reach + 1;
  // Sample n lies at n from / to: its fraction takes as many values as there are phases, each with its weights.
  const weights = new Float64Array(phases * taps);
  for (let phase = 0; phase < phases; phase++)
    for (let k = 0; k < taps; k++)
      weights[phase * taps + k] = kernel(((phase * step) % phases) / phases - (k - reach), cut);
  return Float32Array.from({length: Math.ceil((samples.length * to) / from)}, (_, n) => {
    const first = Math.floor((n * step) / phases) - reach;
    const row = (n % phases) * taps;
    let sum = 0;
    for (let k = Math.max(0, -first); k < taps && first + k < samples.length; k++)
      sum += weights[row + k] * samples[first + k];
    return sum;
  });
}

function kernel(t: number, cut: number): number {
  const x = cut * t;
  if (Math.abs(x) >= crossings) return 0;
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  return cut * sinc * Math.cos((Math.PI * x) / (2 * crossings)) ** 2;
}
