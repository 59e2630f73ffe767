import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {anglesAt, rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {type RopeScaling, scaledAngles} from '../../src/kernels/rotary-embedding/rope-scaling';
import {ropeScalingFault, ropeScalingTypes} from '../../src/kernels/rotary-embedding/rope-scaling-rules';

const size = fc.integer({min: 2, max: 40}).map((half) => 2 * half);
const base = fc.constantFrom(10000, 500000, 150000);
const factor = fc.double({min: 1, max: 40, noNaN: true});
const original = fc.constantFrom(64, 256, 4096);

/** The frequencies and the factor of a scaling for a sequence of n positions. */
const at = (d: number, b: number, scaling: RopeScaling | null, n = 1) => anglesAt(scaledAngles(d, b, scaling), n);

function expectAll(actual: readonly number[], expected: (theta: number, i: number) => number, plain: number[]): void {
  expect(actual).toHaveLength(plain.length);
  plain.forEach((theta, i) => {
    const wanted = expected(theta, i);
    expect(Math.abs(actual[i] - wanted)).toBeLessThanOrEqual(1e-12 * wanted);
  });
}

const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** YaRN's mask as its authors write it: 1 where a frequency is kept. */
function mask(d: number, b: number, length: number, fast: number, slow: number, round = true): number[] {
  const dimension = (turns: number) => (d * Math.log(length / (turns * 2 * Math.PI))) / (2 * Math.log(b));
  const low = Math.max(round ? Math.floor(dimension(fast)) : dimension(fast), 0);
  let high = Math.min(round ? Math.ceil(dimension(slow)) : dimension(slow), d - 1);
  if (low === high) high += 0.001;
  return Array.from({length: d / 2}, (_, i) => 1 - clamp((i - low) / (high - low)));
}

describe('scaledAngles', () => {
  it('without scaling are base^(-2i/size)', () => {
    expect(scaledAngles(4, 100, null)).toEqual({frequencies: [1, 0.1]});
    expect(scaledAngles(8, 10000, null).frequencies).toEqual(rotaryFrequencies(8));
  });

  it('linear divides all by the factor', () => {
    expect(scaledAngles(4, 100, {type: 'linear', factor: 4})).toEqual({frequencies: [0.25, 0.025]});
  });

  it('ntk raises the base, dynamic by the length beyond the original', () => {
    fc.assert(
      fc.property(size, base, factor, original, fc.nat(20000), (d, b, s, L, n) => {
        const raised = (by: number) => (_: number, i: number) =>
          (b * by ** (d === 2 ? 0 : d / (d - 2))) ** ((-2 * i) / d);
        const plain = rotaryFrequencies(d, b);
        expectAll(at(d, b, {type: 'ntk', factor: s}).frequencies, raised(s), plain);
        const dynamic = at(d, b, {type: 'dynamic', factor: s, originalMaxSequenceLength: L}, n);
        expectAll(dynamic.frequencies, raised((s * Math.max(n, L)) / L - (s - 1)), plain);
        expect(dynamic.factor).toBe(1);
        const linear = at(d, b, {type: 'dynamicLinear', originalMaxSequenceLength: L}, n);
        expectAll(linear.frequencies, (theta) => theta * Math.min(1, L / n), plain);
      }),
    );
  });

  it('yarn keeps fast ones and divides slow ones, with a factor on cos and sin', () => {
    const turns = fc.constantFrom([32, 1], [12, 2], [4, 1]);
    fc.assert(
      fc.property(size, base, factor, original, turns, fc.boolean(), (d, b, s, L, [betaFast, betaSlow], truncate) => {
        const yarn = {type: 'yarn', factor: s, originalMaxSequenceLength: L, betaFast, betaSlow, truncate} as const;
        const kept = mask(d, b, L, betaFast, betaSlow, truncate);
        const scaled = at(d, b, yarn);
        expectAll(
          scaled.frequencies,
          (theta, i) => (theta / s) * (1 - kept[i]) + theta * kept[i],
          rotaryFrequencies(d, b),
        );
        expect(scaled.factor).toBeCloseTo(0.1 * Math.log(s) + 1, 12);
        expect(at(d, b, {...yarn, attentionScale: 2}).factor).toBeCloseTo(2 * scaled.factor, 12);
        expect(at(d, b, {...yarn, attentionFactor: 0.7, attentionScale: 2}).factor).toBe(0.7);
        const byScales = (0.1 * 0.9 * Math.log(s) + 1) / (0.1 * 1.3 * Math.log(s) + 1);
        expect(at(d, b, {...yarn, mscale: 0.9, mscaleAllDim: 1.3}).factor).toBeCloseTo(byScales, 12);
        expect(at(d, b, {...yarn, mscale: 0.9}).factor).toBe(scaled.factor);
        expectAll(
          at(d, b, {...yarn, extrapolationFactor: 0.5}).frequencies,
          (theta, i) => (theta / s) * (1 - kept[i] / 2) + (theta * kept[i]) / 2,
          rotaryFrequencies(d, b),
        );
      }),
    );
  });

  it('dynamicYarn is yarn by the length, beyond the longest that it leaves alone', () => {
    fc.assert(
      fc.property(size, base, original, fc.nat(20000), fc.boolean(), (d, b, L, n, finetuned) => {
        const scaling = {
          type: 'dynamicYarn',
          originalMaxSequenceLength: L,
          maxSequenceLength: 2 * L,
          finetuned,
        } as const;
        const yarn = (s: number) => at(d, b, {type: 'yarn', factor: s, originalMaxSequenceLength: L});
        const within = finetuned ? yarn(2) : {frequencies: rotaryFrequencies(d, b), factor: 1};
        const expected = n > 2 * L ? yarn(n / L) : within;
        const actual = at(d, b, scaling, n);
        expectAll(actual.frequencies, (_, i) => expected.frequencies[i], rotaryFrequencies(d, b));
        expect(actual.factor).toBeCloseTo(expected.factor, 12);
      }),
    );
  });

  it('ntkByParts is linear, NTK-aware and plain by parts', () => {
    fc.assert(
      fc.property(size, base, factor, original, (d, b, s, L) => {
        const [ntkShare, plainShare] = [mask(d, b, L, 1.25, 0.75), mask(d, b, L, 16, 2)];
        const ntk = at(d, b, {type: 'ntk', factor: s}).frequencies;
        const parts = at(d, b, {type: 'ntkByParts', factor: s, originalMaxSequenceLength: L});
        const expected = (theta: number, i: number) => {
          const slow = (theta / s) * (1 - ntkShare[i]) + ntk[i] * ntkShare[i];
          return slow * (1 - plainShare[i]) + theta * plainShare[i];
        };
        expectAll(parts.frequencies, expected, rotaryFrequencies(d, b));
      }),
    );
  });

  it('longrope divides each by its own number, of two lists by the length', () => {
    fc.assert(
      fc.property(size, factor, original, fc.nat(9000), (d, s, L, n) => {
        const list = (from: number) => Array.from({length: d / 2}, (_, i) => from + i / 10);
        const scaling = {
          type: 'longrope',
          shortFactors: list(1),
          longFactors: list(2),
          originalMaxSequenceLength: L,
          factor: s,
        } as const;
        const {frequencies, factor: attention} = at(d, 10000, scaling, n);
        expectAll(frequencies, (theta, i) => theta / ((n > L ? 2 : 1) + i / 10), rotaryFrequencies(d));
        expect(attention).toBeCloseTo(Math.sqrt(1 + Math.log(s) / Math.log(L)), 12);
        expect(at(d, 10000, {...scaling, attentionFactor: 1.5}, n).factor).toBe(1.5);
      }),
    );
  });

  it('llama3 keeps fast ones, divides slow ones and mixes those between, by their wavelength', () => {
    fc.assert(
      fc.property(size, factor, (d, s) => {
        const scaling = {
          type: 'llama3',
          factor: s,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalMaxSequenceLength: 64,
        } as const;
        const published = (theta: number) => {
          const wavelength = (2 * Math.PI) / theta;
          if (wavelength > 64) return theta / s;
          if (wavelength < 64 / 4) return theta;
          const smooth = (64 / wavelength - 1) / (4 - 1);
          return ((1 - smooth) * theta) / s + smooth * theta;
        };
        expectAll(at(d, 500000, scaling).frequencies, published, rotaryFrequencies(d, 500000));
      }),
    );
  });

  it('of every type with factors of 1 are the plain ones up to the original length', () => {
    const length = {originalMaxSequenceLength: 64};
    const ones = [1, 1, 1, 1];
    const none: {[type in RopeScaling['type']]: Omit<Extract<RopeScaling, {type: type}>, 'type'>} = {
      linear: {factor: 1},
      ntk: {factor: 1},
      dynamic: {factor: 1, ...length},
      dynamicLinear: length,
      ntkByParts: {factor: 1, ...length},
      yarn: {factor: 1, ...length},
      dynamicYarn: length,
      longrope: {shortFactors: ones, longFactors: ones, factor: 1, ...length},
      llama3: {factor: 1, lowFrequencyFactor: 1, highFrequencyFactor: 4, ...length},
    };
    for (const type of ropeScalingTypes) {
      const scaling = {type, ...none[type]} as RopeScaling;
      expect(ropeScalingFault(scaling), type).toBeNull();
      const {frequencies, factor: attention} = at(8, 10000, scaling, 64);
      expectAll(frequencies, (theta) => theta, rotaryFrequencies(8));
      expect(attention).toBe(1);
    }
  });
});

describe('ropeScalingFault', () => {
  const types = 'linear, ntk, dynamic, dynamicLinear, ntkByParts, yarn, dynamicYarn, longrope, llama3';
  const llama3 = {factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxSequenceLength: 64};
  const long = {shortFactors: [1], longFactors: [1], originalMaxSequenceLength: 64, factor: 1};

  it.each<[unknown, string]>([
    ['linear', `must be an object {type, ...}, its type one of ${types}`],
    [{}, `its type must be one of ${types}`],
    [{type: 'toString'}, `its type must be one of ${types}`],
    [{type: 'linear'}, 'its factor must be a number of at least 1'],
    [{type: 'linear', factor: '2'}, 'its factor must be a number of at least 1'],
    [{type: 'linear', factor: 0.5}, 'its factor must be a number of at least 1'],
    [{type: 'linear', factor: Number.POSITIVE_INFINITY}, 'its factor must be a number of at least 1'],
    [{type: 'linear', factor: 2, more: 1}, 'type linear has no more; it has factor'],
    [{type: 'ntk', factor: 0.9}, 'its factor must be a number of at least 1'],
    [{type: 'dynamic', factor: 2}, 'its originalMaxSequenceLength must be a whole number of at least 1'],
    [{type: 'yarn', factor: 0, originalMaxSequenceLength: 64}, 'its factor must be a number of at least 1'],
    [
      {type: 'yarn', factor: 2, originalMaxSequenceLength: 64, betaFast: 1},
      'its betaFast must be above its betaSlow, 1',
    ],
    [{type: 'yarn', factor: 2, originalMaxSequenceLength: 64, truncate: 1}, 'its truncate must be true or false'],
    [
      {type: 'longrope', ...long, longFactors: [0]},
      'its longFactors must be a list of numbers above 0, one for each pair',
    ],
    [{type: 'longrope', ...long, factor: 0.5}, 'its factor must be a number of at least 1'],
    [
      {type: 'dynamicYarn', originalMaxSequenceLength: 64, maxSequenceLength: 32},
      'its maxSequenceLength must be at least its originalMaxSequenceLength, 64',
    ],
    [
      {type: 'llama3', ...llama3, highFrequencyFactor: 1},
      'its highFrequencyFactor must be above its lowFrequencyFactor',
    ],
    [
      {type: 'llama3', ...llama3, originalMaxSequenceLength: Number.NaN},
      'its originalMaxSequenceLength must be a whole',
    ],
  ])('of %j is told', (value, message) => {
    expect(ropeScalingFault(value)).toContain(message);
    expect(ropeScalingFault(value)).not.toContain('\n');
  });
});
