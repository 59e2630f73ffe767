/** The part of fft.js that is used here. Complex numbers lie one after another, real part first. */
declare module 'fft.js' {
  export default class FFT {
    /** @param size A power of two, at least 2. */
    constructor(size: number);
    createComplexArray(): number[];
    transform(out: number[], data: ArrayLike<number>): void;
    /** Of `size` real numbers: the first half of the spectrum. */
    realTransform(out: number[], data: ArrayLike<number>): void;
    /** Puts the other half of the spectrum of real numbers in its place. */
    completeSpectrum(spectrum: number[]): void;
    inverseTransform(out: number[], data: ArrayLike<number>): void;
  }
}
