import FFT from 'fft.js';
import {probe, sizeOf, values} from '../../tasks/values';
import type {Library} from '../computation';
import {longConvolution} from './long-convolution';

/** Transforms of the rows of numbers of `lists` lists, real parts first; the real parts of the spectra are compared. */
function transforms(
  shape: readonly number[],
  lists: number,
  transform: (fft: FFT, row: number[], out: number[]) => void,
) {
  const length = shape.at(-1) as number;
  const parts = Array.from({length: lists}, (_, seed) => values(sizeOf(shape), seed));
  const rows = Array.from({length: sizeOf(shape) / length}, (_, r) =>
    Array.from({length: lists * length}, (_, i) => parts[i % lists][r * length + Math.floor(i / lists)]),
  );
  const fft = new FFT(length);
  const spectra = rows.map(() => fft.createComplexArray());
  const kept = lists === 2 ? length : length / 2 + 1;
  return {
    run() {
      for (const [r, row] of rows.entries()) transform(fft, row, spectra[r]);
    },
    result: async () => probe(spectra.flatMap((spectrum) => Array.from({length: kept}, (_, k) => spectrum[2 * k]))),
    dispose() {},
  };
}

/** What fft.js is for. */
export const fftjsLibrary: Library = {
  fft: ({shape}) => transforms(shape, 2, (fft, row, out) => fft.transform(out, row)),
  realFft: ({shape}) => transforms(shape, 1, (fft, row, out) => fft.realTransform(out, row)),
  longConvolution,
};
