import {Matrix, solve} from 'ml-matrix';
import {findPoles, type Pole} from './poles';

/**
 * A recurrence of a filter, x <- A x + g v with the output c·x, by the entries that A has: `diagonal` a and `across` b,
 * (A x)_i = a_i x_i + b_i x_j with j the number at i's place in the other half. As many of each as the order says.
 */
export interface Modes {
  diagonal: Float32Array;
  across: Float32Array;
  input: Float32Array;
  output: Float32Array;
}

/** What keeps the output's numbers from growing large and cancelling, which single precision would show. */
const ridge = 1e-6;

/**
 * The modes whose impulse response comes closest to a sequence h_0 .. h_{n-1}, by least squares, among those of poles that
 * are found at the sequence's own distance and at four, sixteen, ... times that.
 * @param order Numbers of the recurrence's state, even.
 */
export function fitModes(h: Float64Array, order: number): Modes {
  let best = noModes(order);
  let least = squares(h);
  if (least === 0) return best;
  for (let stride = 1; h.length / stride >= 2 * order || stride === 1; stride *= 4) {
    const poles = h.length > 1 ? findPoles(h, order, stride) : [{real: 0, imaginary: 0}];
    if (poles.length === 0) continue;
    const modes = fitOutput(h, poles, order);
    const taps = response(modes, h.length);
    const error = squares(h.map((value, i) => value - taps[i]));
    if (error < least) [best, least] = [modes, error];
  }
  return best;
}

/** The impulse response of modes, c·A^i g for i = 0 .. length-1, in double precision. */
export function response(modes: Modes, length: number): Float64Array {
  const {output} = modes;
  const taps = new Float64Array(length);
  forEachState(modes, length, (x, i) => {
    for (let n = 0; n < output.length; n++) taps[i] += output[n] * x[n];
  });
  return taps;
}

const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);

const noModes = (order: number): Modes => ({
  diagonal: new Float32Array(order),
  across: new Float32Array(order),
  input: new Float32Array(order),
  output: new Float32Array(order),
});

/** The modes of poles: a pair of conjugates takes a place in both halves, each real pole one of its own. */
function place(poles: readonly Pole[], order: number): Modes {
  const modes = noModes(order);
  const half = order / 2;
  const pairs = poles.filter(({imaginary}) => imaginary > 0);
  pairs.forEach(({real, imaginary}, n) => {
    modes.diagonal[n] = modes.diagonal[n + half] = real;
    modes.across[n] = -imaginary;
    modes.across[n + half] = imaginary;
    modes.input[n] = 1;
  });
  const single = poles.filter(({imaginary}) => imaginary === 0);
  single.forEach(({real}, i) => {
    const n = pairs.length + (i >> 1) + (i & 1) * half;
    modes.diagonal[n] = real;
    modes.input[n] = 1;
  });
  return modes;
}

/** The modes of poles with the output that comes closest to a sequence, by the normal equations of least squares. */
function fitOutput(h: Float64Array, poles: readonly Pole[], order: number): Modes {
  const modes = place(poles, order);
  const products = new Float64Array(order * order);
  const wanted = new Float64Array(order);
  forEachState(modes, h.length, (x, i) => {
    for (let m = 0; m < order; m++) {
      wanted[m] += x[m] * h[i];
      for (let n = m; n < order; n++) products[m * order + n] += x[m] * x[n];
    }
  });
  // As of states of length one, or a growing mode would hide all others.
  const scales = wanted.map((_, n) => 1 / (Math.sqrt(products[n * order + n]) || 1));
  const matrix = Matrix.zeros(order, order);
  for (let m = 0; m < order; m++)
    for (let n = m; n < order; n++) {
      const product = products[m * order + n] * scales[m] * scales[n] + (m === n ? ridge ** 2 : 0);
      matrix.set(m, n, product);
      matrix.set(n, m, product);
    }
  const solution = solve(matrix, Matrix.columnVector(wanted.map((value, n) => value * scales[n]))).to1DArray();
  modes.output.set(solution.map((value, n) => value * scales[n]));
  return modes;
}

/** Calls `visit` with the states A^i g for i = 0 .. length-1, in double precision; they are overwritten. */
function forEachState(
  {diagonal, across, input}: Modes,
  length: number,
  visit: (x: Float64Array, i: number) => void,
): void {
  const order = diagonal.length;
  const half = order / 2;
  const x = Float64Array.from(input);
  for (let i = 0; i < length; i++) {
    visit(x, i);
    for (let n = 0; n < half; n++) {
      const [first, second] = [x[n], x[n + half]];
      x[n] = diagonal[n] * first + across[n] * second;
      x[n + half] = diagonal[n + half] * second + across[n + half] * first;
    }
  }
}
