import {beforeAll, describe, expect, it} from 'vitest';
import {Binary, Unary} from '../../../src/engines/simd/assembly/operations';
import {code as relaxed} from '../../../src/engines/simd/generated/relaxed';
import {code as strict} from '../../../src/engines/simd/generated/strict';
import {EngineMemory} from '../../../src/engines/simd/memory';
import {Threads} from '../../../src/engines/simd/threads';
import {compileEngine} from '../../../src/engines/simd/wasm';
import {Random} from '../../../src/random';

const COUNT = 1 << 13;

/** erf x = 2/sqrt(π) exp(-x²) Σ 2ⁿ x^(2n+1) / (1 · 3 · ... · (2n + 1)), whose terms all have one sign. */
function erf(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, 0];
  for (let n = 0; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The functions in double precision. */
const functions: {[name: string]: (x: number) => number} = {
  ...{Exp: Math.exp, Expm1: Math.expm1, Log: Math.log, Log1p: Math.log1p, Tanh: Math.tanh, Sin: Math.sin},
  ...{Cos: Math.cos, Tan: Math.tan, Sinh: Math.sinh, Cosh: Math.cosh, Asin: Math.asin, Acos: Math.acos},
  ...{Atan: Math.atan, Asinh: Math.asinh, Acosh: Math.acosh, Atanh: Math.atanh, Sqrt: Math.sqrt, Erf: erf},
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Reciprocal: (x) => 1 / x,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

const SMALLEST_NORMAL = 2 ** -126;

/** Infinities, zeros, the ends of the range of floats, and where exp overflows and underflows. */
const extremes = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 3.4028234e38, -3.4028234e38],
  ...[1e-45, -1e-45, 1e-38, -1e-38, 88.7228, 88.7229, 89, -87.3365, -87.34, -103.9, -104, -150, 1e5, -1e5, 1e9],
].map(Math.fround);

/** Values that try a function: dense ones of several sizes, any bits, extremes. */
function samples(random: Random): Float32Array {
  const floats = new Float32Array(COUNT);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < COUNT; i++) {
    if (i % 4 === 0) bits[i] = Math.floor(random.uniform() * 2 ** 32);
    else floats[i] = (2 * random.uniform() - 1) * [1, 8, 90][(i % 4) - 1];
  }
  floats.set(extremes);
  return floats;
}

/** Whether a value is within 2e-7 of the true one, or equally infinite or NaN. Denormals may be 0. */
function isRight(actual: number, exact: number): boolean {
  const rounded = Math.fround(exact);
  if (!Number.isFinite(rounded)) return Object.is(actual, rounded);
  if (Math.abs(exact) < SMALLEST_NORMAL) return Math.abs(actual - exact) < SMALLEST_NORMAL;
  return Math.abs(actual - exact) <= 2e-7 * Math.abs(exact);
}

describe.each([
  ['strict', strict],
  ['relaxed', relaxed],
])('functions of the %s build are within 2e-7 of the true values', (_, encoded) => {
  const memory = new EngineMemory();
  const [from, second, to] = [0, 1, 2].map(() => memory.allocate(4 * COUNT));
  const view = (address: number) => memory.floats.subarray(address / 4, address / 4 + COUNT);
  let threads: Threads;

  beforeAll(async () => {
    // Lets Node 20 know relaxed SIMD.
    await compileEngine();
    threads = new Threads(
      await WebAssembly.compile(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))),
      memory,
    );
  });

  it.each(Object.keys(functions))('%s', (name) => {
    const x = samples(new Random(1, name));
    view(from).set(x);
    threads.run('jobUnary', [Unary[name as keyof typeof Unary], from, to, COUNT, COUNT, 4, 4, 0, 0], 1, 0);
    const wrong = [...view(to)].flatMap((y, i) => {
      const exact = functions[name](x[i]);
      return isRight(y, exact) ? [] : [`${name}(${x[i]}) is ${y}, not ${exact}`];
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('Pow, of any base and exponent', () => {
    const random = new Random(1, 'pow');
    const [x, y] = [samples(random), samples(random)];
    // Positive bases with moderate exponents, where results are ordinary.
    for (let i = extremes.length; i < COUNT / 2; i++) {
      x[i] = Math.exp(3 * random.normal());
      y[i] = 4 * random.normal();
    }
    // Extremes with extremes.
    for (let i = COUNT / 2; i < COUNT; i++) {
      x[i] = extremes[i % extremes.length];
      y[i] = [...extremes, 2, 3, -2, 0.5][Math.floor(i / extremes.length) % (extremes.length + 4)];
    }
    view(from).set(x);
    view(second).set(y);
    const args = [Binary.Pow, from, second, to, 1, COUNT, 0, 0, 1, COUNT, 4, 4, 0];
    threads.run('jobBinary', args, 1, 0);
    const wrong = [...view(to)].flatMap((z, i) =>
      isRight(z, x[i] ** y[i]) ? [] : [`${x[i]} ** ${y[i]} is ${z}, not ${x[i] ** y[i]}`],
    );
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
