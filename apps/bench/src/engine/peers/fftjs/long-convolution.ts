import FFT from 'fft.js';
import type {TaskOf} from '../../tasks/task';
import {probe, sizeOf, values} from '../../tasks/values';
import type {Computation} from '../computation';

/** out = a b, or a times the conjugate of b; added to what is there where asked for. For the first half of the spectra. */
function multiply(a: number[], b: number[], out: number[], sign: 1 | -1, isAdded = false): void {
  for (let i = 0; i <= out.length / 2; i += 2) {
    const real = a[i] * b[i] - sign * a[i + 1] * b[i + 1];
    const imag = sign * a[i] * b[i + 1] + a[i + 1] * b[i];
    out[i] = isAdded ? out[i] + real : real;
    out[i + 1] = isAdded ? out[i + 1] + imag : imag;
  }
}

/** By products of spectra of each channel, there and back, in arrays in which each channel's positions lie together. */
export function longConvolution({shape}: TaskOf<'longConvolution'>): Computation {
  const [batch, time, channels] = shape;
  const fft = new FFT(2 * time);
  /** List `seed` of numbers [rows, time, channels], as the positions of each row and channel with as many zeros behind. */
  const sequences = (seed: number, rows: number) => {
    const list = values(rows * time * channels, seed);
    return Array.from({length: rows * channels}, (_, i) => {
      const [row, channel] = [Math.floor(i / channels), i % channels];
      return Array.from({length: 2 * time}, (_, t) => (t < time ? list[(row * time + t) * channels + channel] : 0));
    });
  };
  const [x, filter, direction] = [sequences(0, batch), sequences(1, 1), sequences(2, batch)];
  const results = {y: new Float32Array(sizeOf(shape)), dX: new Float32Array(sizeOf(shape))};
  const dFilter = new Float32Array(time * channels);
  const [X, K, D, sum, product, numbers] = Array.from({length: 6}, () => fft.createComplexArray());
  const back = (spectrum: number[], to: Float32Array, first: number) => {
    fft.completeSpectrum(spectrum);
    fft.inverseTransform(numbers, spectrum);
    for (let t = 0; t < time; t++) to[first + t] = numbers[2 * t];
  };
  return {
    run() {
      for (let channel = 0; channel < channels; channel++) {
        fft.realTransform(K, filter[channel]);
        sum.fill(0);
        for (let row = 0; row < batch; row++) {
          const i = row * channels + channel;
          fft.realTransform(X, x[i]);
          multiply(X, K, product, 1);
          back(product, results.y, i * time);
          fft.realTransform(D, direction[i]);
          multiply(D, X, sum, -1, true);
          multiply(D, K, product, -1);
          back(product, results.dX, i * time);
        }
        back(sum, dFilter, channel * time);
      }
    },
    async result() {
      const inOrder = Float32Array.from({length: sizeOf(shape)}, (_, i) => {
        const [channel, position] = [i % channels, Math.floor(i / channels)];
        const [row, t] = [Math.floor(position / time), position % time];
        return results.dX[(row * channels + channel) * time + t];
      });
      return probe(inOrder);
    },
    dispose() {},
  };
}
