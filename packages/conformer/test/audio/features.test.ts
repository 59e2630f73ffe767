import * as tf from '@tensorflow/tfjs';
import {ConfigError, Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {kaldiFilterbank, kaldiFilters} from '../../src/audio/kaldi';
import {logMel, melSpectrogram} from '../../src/audio/log-mel';
import {melFilterbank, scales} from '../../src/audio/mel';
import {drawMasks, specAugment} from '../../src/audio/spec-augment';
import {stft} from '../../src/audio/spectrogram';

function noise(size: number, seed = 1): number[] {
  const random = new Random(seed, 'noise');
  return Array.from({length: size}, () => random.normal());
}

describe('stft', () => {
  it('is the Fourier transform of windows, as its definition says', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 2, max: 16}),
        fc.integer({min: 1, max: 9}),
        fc.boolean(),
        fc.constantFrom('reflect', 'zeros'),
        fc.nat(20),
        (fftSize, hopLength, centered, padding, more) => {
          const samples = noise(fftSize + more);
          const windowLength = Math.max(1, fftSize - 3);
          const pad = centered ? Math.floor(fftSize / 2) : 0;
          const at = (i: number) => {
            const last = samples.length - 1;
            if (i >= 0 && i <= last) return samples[i];
            return padding === 'zeros' ? 0 : samples[i < 0 ? -i : 2 * last - i];
          };
          const frames = 1 + Math.floor((samples.length + 2 * pad - fftSize) / hopLength);
          tf.tidy(() => {
            const {real, imag} = stft(tf.tensor1d(samples), {
              fftSize,
              windowLength,
              hopLength,
              centered,
              padding,
            } as object);
            expect(real.shape).toEqual([frames, Math.floor(fftSize / 2) + 1]);
            const [re, im] = [real, imag].map((x) => x.arraySync() as number[][]);
            const first = Math.floor((fftSize - windowLength) / 2);
            for (let t = 0; t < frames; t++)
              for (let k = 0; k < re[0].length; k++) {
                let [x, y] = [0, 0];
                for (let n = 0; n < windowLength; n++) {
                  const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / windowLength);
                  const value = weight * at(t * hopLength + first + n - pad);
                  x += value * Math.cos((2 * Math.PI * k * (first + n)) / fftSize);
                  y -= value * Math.sin((2 * Math.PI * k * (first + n)) / fftSize);
                }
                expect(re[t][k]).toBeCloseTo(x, 4);
                expect(im[t][k]).toBeCloseTo(y, 4);
              }
          });
        },
      ),
      {numRuns: 25},
    );
  });

  it('refuses a waveform that is too short, and options that it has not', () => {
    tf.tidy(() => {
      expect(() => stft(tf.zeros([8]), {fftSize: 16})).toThrow(
        /waveform \[8\] must be \[\.\.\., samples\] with at least 9/,
      );
      expect(() => stft(tf.zeros([8]), {fftSize: 16, centered: false})).toThrow(ShapeError);
      expect(() => stft(tf.zeros([80]), {fftSize: 16, windowLength: 17})).toThrow(/windowLength is 17/);
      expect(() => stft(tf.zeros([80]), {nfft: 16} as object)).toThrow(/unknown field nfft/);
      expect(() => stft([1, 2] as unknown as tf.Tensor)).toThrow(/waveform/);
    });
  });
});

describe('mel filters', () => {
  it('scales go both ways, Slaney as librosa has it', () => {
    for (const {toMel, toHertz} of Object.values(scales))
      for (const hertz of [0, 20, 440, 999, 1000, 1001, 7600]) expect(toHertz(toMel(hertz))).toBeCloseTo(hertz, 6);
    expect(scales.slaney.toMel(500)).toBeCloseTo(7.5, 9);
    expect(scales.slaney.toMel(6400)).toBeCloseTo(42, 9);
    expect(scales.htk.toMel(700)).toBeCloseTo(2595 * Math.log10(2), 9);
  });

  it('are triangles that reach 1, or of the same area', () => {
    tf.tidy(() => {
      const plain = melFilterbank({sampleRate: 16000, fftSize: 4096, numMels: 20});
      expect(plain.shape).toEqual([2049, 20]);
      const heights = [...plain.max(0).dataSync()];
      expect(heights.every((height) => height > 0.9 && height <= 1)).toBe(true);
      const areas = [
        ...melFilterbank({sampleRate: 16000, fftSize: 4096, numMels: 20, normalized: true}).sum(0).dataSync(),
      ];
      for (const area of areas) expect(area * (16000 / 4096)).toBeCloseTo(1, 1);
      expect([...kaldiFilters().slice([256, 0], [1, -1]).dataSync()].every((x) => x === 0)).toBe(true);
    });
  });

  it('refuse a band that is none', () => {
    expect(() => melFilterbank({minFrequency: 4000, maxFrequency: 300})).toThrow(ConfigError);
    expect(() => melFilterbank({maxFrequency: 9000})).toThrow(/from 0 to 9000 Hz.*half of sampleRate 16000/);
    expect(() => kaldiFilters({maxFrequency: -8000})).toThrow(/minFrequency/);
    expect(() => kaldiFilters({frameLength: 0.01})).toThrow(/frameLength is 0.01 ms, but must be two samples or more/);
    expect(() => melFilterbank({melScale: 'bark' as 'htk'})).toThrow(/melScale is "bark"/);
  });
});

describe('logMel and kaldiFilterbank', () => {
  it('draws the noise of a seed, 0 too, alike each time', () => {
    tf.tidy(() => {
      const of = (options: object) => [...kaldiFilterbank(tf.zeros([800]), {dither: 1, ...options}).dataSync()];
      const [byDefault, zero, again, other] = [{}, {seed: 0}, {seed: 0}, {seed: 1}].map(of);
      expect(zero).toEqual(again);
      expect(byDefault).toEqual(zero);
      expect(other).not.toEqual(zero);
    });
  });

  const ops: [string, (x: tf.Tensor) => tf.Tensor][] = [
    ['logMel', (x) => logMel(x, {fftSize: 64, hopLength: 24, numMels: 6})],
    ['decibels', (x) => logMel(x, {fftSize: 64, hopLength: 24, numMels: 6, logarithm: 'decibels'})],
    ['whisper', (x) => logMel(x, {fftSize: 64, hopLength: 24, numMels: 6, logarithm: 'whisper'})],
    ['magnitudes', (x) => melSpectrogram(x, {fftSize: 64, hopLength: 24, numMels: 6, power: 1})],
    ['kaldiFilterbank', (x) => kaldiFilterbank(x, {frameLength: 4, frameShift: 1.5, numMels: 6})],
  ];

  it.each(ops)('%s of a batch is that of each utterance', (_, op) => {
    tf.tidy(() => {
      const waveform = tf.tensor2d([...noise(300, 1), ...noise(300, 2)], [2, 300]);
      const both = op(waveform).unstack(0);
      for (const [row, one] of waveform.unstack(0).entries()) {
        const alone = op(one);
        expect(both[row].shape).toEqual(alone.shape);
        expect(both[row].sub(alone).abs().max().dataSync()[0]).toBeLessThan(1e-4);
      }
    });
  });

  it.each(ops)('%s has a gradient', (_, op) => {
    tf.tidy(() => {
      const waveform = tf.tensor1d(noise(200));
      const probe = tf.tensor1d(noise(op(waveform).size, 3)).reshape(op(waveform).shape);
      const loss = (x: tf.Tensor) => op(x).mul(probe).sum();
      const gradient = tf.grad(loss)(waveform);
      const direction = tf.tensor1d(noise(200, 4));
      const ahead =
        loss(waveform.add(direction.mul(1e-3)))
          .sub(loss(waveform.sub(direction.mul(1e-3))))
          .dataSync()[0] / 2e-3;
      const wanted = gradient.mul(direction).sum().dataSync()[0];
      expect(Math.abs(ahead / wanted - 1)).toBeLessThan(0.03);
    });
  });

  it('of silence are finite', () => {
    tf.tidy(() => {
      for (const [, op] of ops)
        expect(
          op(tf.zeros([300]))
            .isFinite()
            .all()
            .dataSync()[0],
        ).toBe(1);
      const flat = tf.grad((x) => melSpectrogram(x, {power: 1}).sum())(tf.zeros([800]));
      expect(flat.isFinite().all().dataSync()[0]).toBe(1);
    });
  });

  it('adds the same noise for the same seed', () => {
    tf.tidy(() => {
      const run = (seed: number) => [...kaldiFilterbank(tf.zeros([800]), {dither: 1, seed}).dataSync()];
      expect(run(1)).toEqual(run(1));
      expect(run(1)).not.toEqual(run(2));
    });
  });

  it('refuse a waveform shorter than a frame', () => {
    tf.tidy(() => {
      expect(() => kaldiFilterbank(tf.zeros([399]))).toThrow(/at least 400 samples/);
      expect(kaldiFilterbank(tf.zeros([400])).shape).toEqual([1, 80]);
      expect(() => logMel(tf.zeros([100]))).toThrow(/at least 201 samples/);
      expect(() => kaldiFilterbank(tf.zeros([400]), {frameLength: 0.01})).toThrow(/less than a sample/);
    });
  });
});

describe('specAugment', () => {
  it('overwrites what its masks say, never padding, each utterance by its own', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({min: 1, max: 30}), fc.integer({min: 1, max: 12}), (seed, frames, size) => {
        const lengths = [frames, Math.floor(frames / 2)];
        const options = {frequencyMasks: 2, frequencyWidth: 4, timeMasks: 3, timeShare: 0.4};
        const uniform = () => {
          const random = new Random(seed, 'masks');
          return () => random.uniform();
        };
        const draw = uniform();
        const spans = lengths.map((length) => drawMasks({frames: length, features: size}, draw, options));
        tf.tidy(() => {
          const features = tf.tensor3d(noise(2 * frames * size), [2, frames, size]);
          const given = features.arraySync();
          const masked = specAugment(features, uniform(), {...options, value: 9, lengths}).arraySync() as number[][][];
          for (let row = 0; row < 2; row++)
            for (let t = 0; t < frames; t++)
              for (let k = 0; k < size; k++) {
                const isHidden = spans[row].some(({axis, start, end}) => {
                  const place = axis === 'time' ? t : k;
                  return place >= start && place < end;
                });
                expect(masked[row][t][k]).toBe(isHidden ? 9 : given[row][t][k]);
              }
          for (const {axis, start, end} of spans[1])
            expect(start >= 0 && end <= (axis === 'time' ? lengths[1] : size)).toBe(true);
        });
      }),
      {numRuns: 30},
    );
  });

  it('lets no gradient through what is masked', () => {
    tf.tidy(() => {
      const options = {frequencyMasks: 0, timeMasks: 1, timeShare: 1, timeWidth: 2};
      const gradient = tf.grad((x) => specAugment(x, () => 0.999, options).sum())(tf.ones([4, 2]));
      expect(gradient.arraySync()).toEqual([
        [1, 1],
        [0, 0],
        [1, 1],
        [1, 1],
      ]);
    });
  });

  it('refuses what are no features', () => {
    tf.tidy(() => {
      expect(() => specAugment(tf.zeros([4]), Math.random)).toThrow(ShapeError);
      expect(() => specAugment(tf.zeros([2, 4, 3]), Math.random, {lengths: [4]})).toThrow(/one for each of 2/);
      expect(() => specAugment(tf.zeros([2, 4, 3]), Math.random, {lengths: [4, 5]})).toThrow(/lengths is 5/);
      expect(() => specAugment(tf.zeros([4, 3]), 1 as never)).toThrow(/a function that draws/);
      expect(() => specAugment(tf.zeros([4, 3]), Math.random, {timeShare: 2})).toThrow(/timeShare is 2/);
    });
  });
});
