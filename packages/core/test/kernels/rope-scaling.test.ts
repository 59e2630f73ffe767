import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readRopeScaling, writeRopeScaling} from '../../src/checkpoints/rope-scaling';
import {CheckpointError} from '../../src/errors';
import {rotaryFrequencies} from '../../src/kernels/rotary-embedding';
import {isRopeScaling, type RopeScaling, scaledFrequencies} from '../../src/kernels/rotary-embedding/rope-scaling';

const llama3 = (fields = {}): RopeScaling & {type: 'llama3'} => ({
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxSequenceLength: 64,
  ...fields,
});

describe('scaledFrequencies', () => {
  it('without scaling are base^(-2i/size)', () => {
    expect(scaledFrequencies(4, 100, null)).toEqual([1, 0.1]);
    expect(scaledFrequencies(8, 10000, null)).toEqual(rotaryFrequencies(8));
  });

  it('linear divides all by the factor', () => {
    expect(scaledFrequencies(4, 100, {type: 'linear', factor: 4})).toEqual([0.25, 0.025]);
  });

  it('llama3 keeps fast ones, divides slow ones and mixes those between, by their wavelength', () => {
    fc.assert(
      fc.property(fc.integer({min: 2, max: 64}), fc.double({min: 1.1, max: 40, noNaN: true}), (half, factor) => {
        const plain = rotaryFrequencies(2 * half, 500000);
        const scaled = scaledFrequencies(2 * half, 500000, llama3({factor}));
        scaled.forEach((frequency, i) => {
          const wavelength = (2 * Math.PI) / plain[i];
          // The published rule: above the low wavelength divided, below the high one kept.
          if (wavelength > 64) expect(frequency).toBeCloseTo(plain[i] / factor, 12);
          else if (wavelength < 64 / 4) expect(frequency).toBe(plain[i]);
          else {
            const smooth = (64 / wavelength - 1) / (4 - 1);
            expect(frequency).toBeCloseTo((1 - smooth) * (plain[i] / factor) + smooth * plain[i], 12);
          }
        });
        expect(new Set(scaled.map((frequency, i) => frequency <= plain[i]))).toEqual(new Set([true]));
      }),
    );
  });
});

describe('rope_scaling', () => {
  it('is read back as it was written', () => {
    for (const scaling of [null, {type: 'linear', factor: 2.5} as const, llama3()])
      expect(readRopeScaling(JSON.parse(JSON.stringify(writeRopeScaling(scaling))), 'file')).toEqual(scaling);
  });

  it('may be of the older form, or say that there is none', () => {
    expect(readRopeScaling({type: 'linear', factor: 4}, 'file')).toEqual({type: 'linear', factor: 4});
    for (const none of [null, undefined, {rope_type: 'default'}, {rope_theta: 10000}, {type: 'default', factor: 1}])
      expect(readRopeScaling(none, 'file')).toBeNull();
  });

  it.each([
    [{type: 'dynamic', factor: 2}, 'file: rope_scaling is of type "dynamic"; linear, llama3 and default can be read'],
    [{rope_type: 'yarn', factor: 2}, 'type "yarn"'],
    [{rope_type: 'longrope'}, 'type "longrope"'],
    [{factor: 2}, 'of type undefined'],
    [{type: 'linear'}, 'file: rope_scaling is {"type":"linear"}, but must hold the numbers above 0 of type linear'],
    [{type: 'linear', factor: '2'}, 'must hold the numbers'],
    [{type: 'linear', factor: -1}, 'must hold the numbers'],
    [{rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4}, 'of type llama3'],
  ])('%j is refused', (json, message) => {
    expect(() => readRopeScaling(json, 'file')).toThrow(CheckpointError);
    expect(() => readRopeScaling(json, 'file')).toThrow(message);
  });
});

describe('isRopeScaling', () => {
  it('takes what there is', () => {
    expect(isRopeScaling({type: 'linear', factor: 0.5})).toBe(true);
    expect(isRopeScaling(llama3())).toBe(true);
  });

  it.each([
    [undefined],
    ['linear'],
    [{}],
    [{type: 'toString'}],
    [{type: 'linear'}],
    [{type: 'linear', factor: 0}],
    [{type: 'linear', factor: Number.POSITIVE_INFINITY}],
    [{type: 'linear', factor: 2, more: 1}],
    [llama3({highFrequencyFactor: 1})],
    [llama3({originalMaxSequenceLength: Number.NaN})],
  ])('refuses %j', (value) => {
    expect(isRopeScaling(value)).toBe(false);
  });
});
