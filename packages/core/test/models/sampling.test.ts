import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
  applyTemperature,
  keepMinP,
  keepTopK,
  keepTopP,
  mostProbable,
  penalizeCounts,
  penalizeRepetition,
  sampleToken,
} from '../../src/models/sampling';
import {Random} from '../../src/random';

const anyLogits = fc
  .array(fc.float({noNaN: true, min: -20, max: 20}), {minLength: 1, maxLength: 30})
  .map((values) => Float32Array.from(values));

// Few different values, so that many tie.
const tiedLogits = fc
  .array(fc.integer({min: -2, max: 2}), {minLength: 1, maxLength: 20})
  .map((values) => Float32Array.from(values));

const logits = fc.oneof(anyLogits, tiedLogits);

function softmax(values: ArrayLike<number>): number[] {
  const max = Math.max(...Array.from(values));
  const weights = Array.from(values, (value) => Math.exp(value - max));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const kept = (values: Float32Array) => [...values.keys()].filter((token) => values[token] > -Infinity);

function expectOnly(actual: Float32Array, original: Float32Array, tokens: number[]) {
  expect(kept(actual)).toEqual([...tokens].sort((a, b) => a - b));
  for (const token of tokens) expect(actual[token]).toBe(original[token]);
}

describe('penalizeRepetition', () => {
  it('divides positive and multiplies negative logits, once per token however often it stood', () => {
    const penalized = penalizeRepetition(Float32Array.of(4, -4, 0, 8), new Set([0, 1, 2]), 2);
    expect([...penalized]).toEqual([2, -8, 0, 8]);
    expect([...penalizeRepetition(Float32Array.of(4, -4), [0, 0, 1], 2)]).toEqual([2, -8]);
  });

  it('leaves what it is given alone', () => {
    const given = Float32Array.of(4, -4);
    penalizeRepetition(given, [0], 2);
    expect([...given]).toEqual([4, -4]);
  });
});

describe('penalizeCounts', () => {
  it('subtracts presence once and frequency per occurrence', () => {
    const counts = new Map([
      [0, 3],
      [2, 1],
      [3, 0],
    ]);
    const given = Float32Array.of(1, 1, 1, 1);
    expect([...penalizeCounts(given, counts, {presence: 0.5, frequency: 0.25})]).toEqual([-0.25, 1, 0.25, 1]);
    expect([...given]).toEqual([1, 1, 1, 1]);
  });
});

describe('applyTemperature', () => {
  it('gives the distribution of logits / temperature', () => {
    fc.assert(
      fc.property(logits, fc.double({min: 0.1, max: 10, noNaN: true}), (values, temperature) => {
        const wanted = softmax(Float64Array.from(values, (value) => value / temperature));
        softmax(applyTemperature(values, temperature)).forEach((p, i) => {
          expect(p).toBeCloseTo(wanted[i], 5);
        });
      }),
    );
  });

  it('does not overflow at a tiny temperature, and leaves dropped tokens dropped', () => {
    expect([...applyTemperature(Float32Array.of(1, 3, -Infinity, 3), 1e-300)]).toEqual([-Infinity, 0, -Infinity, 0]);
  });
});

describe('keepTopK', () => {
  it('keeps exactly the tokens that fewer than k tokens beat', () => {
    fc.assert(
      fc.property(logits, fc.integer({min: 1, max: 25}), (values, k) => {
        const beaten = (token: number) => values.filter((value) => value > values[token]).length;
        const wanted = [...values.keys()].filter((token) => beaten(token) < k);
        expectOnly(keepTopK(values, k), values, wanted);
      }),
    );
  });

  it('lets ties of the k-th survive', () => {
    expect(kept(keepTopK(Float32Array.of(1, 2, 1, 0, 1), 2))).toEqual([0, 1, 2, 4]);
  });
});

describe('keepTopP', () => {
  // The shortest beginning of the tokens in falling order, lower ids first, that reaches p.
  function nucleus(values: Float32Array, p: number): number[] {
    const probabilities = softmax(values);
    const order = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
    for (let n = 1; n < order.length; n++) {
      const tokens = order.slice(0, n);
      if (tokens.reduce((sum, token) => sum + probabilities[token], 0) >= p) return tokens;
    }
    return order;
  }

  it('keeps the nucleus as its definition finds it', () => {
    fc.assert(
      // An odd p, so that no sum of probabilities meets it by chance and rounding decides.
      fc.property(logits, fc.double({min: 0.012345, max: 0.987654, noNaN: true}), (values, p) => {
        expectOnly(keepTopP(values, p), values, nucleus(values, p));
      }),
    );
  });

  it('keeps all at 1, even what is almost impossible, and always one token', () => {
    expectOnly(keepTopP(Float32Array.of(0, -90, -100), 1), Float32Array.of(0, -90, -100), [0, 1, 2]);
    expectOnly(keepTopP(Float32Array.of(1, 2, 2, 1), 1e-9), Float32Array.of(1, 2, 2, 1), [1]);
  });

  it('stops at a sum that equals p, and takes the lower ids of equal tokens', () => {
    expect(kept(keepTopP(Float32Array.of(7, 7, 7, 7), 0.5))).toEqual([0, 1]);
  });

  it('never brings dropped tokens back', () => {
    expect(kept(keepTopP(Float32Array.of(-Infinity, 1, -Infinity, 0), 0.999))).toEqual([1, 3]);
  });
});

describe('keepMinP', () => {
  it('keeps the tokens whose probability is at least minP times the largest', () => {
    fc.assert(
      fc.property(logits, fc.double({min: 0.01, max: 0.99, noNaN: true}), (values, minP) => {
        const probabilities = softmax(values);
        const limit = minP * Math.max(...probabilities);
        const wanted = [...values.keys()].filter((token) => probabilities[token] >= limit);
        expectOnly(keepMinP(values, minP), values, wanted);
      }),
    );
  });

  it('keeps all at 0 and only the most probable tokens at 1', () => {
    expect(kept(keepMinP(Float32Array.of(1, -50, 3), 0))).toEqual([0, 1, 2]);
    expect(kept(keepMinP(Float32Array.of(3, 1, 3), 1))).toEqual([0, 2]);
  });
});

describe('mostProbable', () => {
  it('is the first of the largest', () => {
    expect(mostProbable(Float32Array.of(-3, 2, -Infinity, 2))).toBe(1);
  });
});

describe('sampleToken', () => {
  it('draws tokens as often as the softmax says', () => {
    const values = Float32Array.of(0, 1, -1, 2, -Infinity, 0.5);
    const probabilities = softmax(values);
    const draws = 20_000;
    const counts = new Array(values.length).fill(0);
    const random = new Random(7, 'frequencies');
    for (let i = 0; i < draws; i++) counts[sampleToken(values, random)]++;
    expect(counts[4]).toBe(0);
    const possible = kept(values);
    const chiSquare = possible.reduce((sum, token) => {
      const expected = draws * probabilities[token];
      return sum + (counts[token] - expected) ** 2 / expected;
    }, 0);
    // The 99.9 % quantile of the chi-square distribution with 4 degrees of freedom.
    expect(chiSquare).toBeLessThan(18.47);
  });

  it('draws from the tokens that were kept alone, also the most probable one', () => {
    fc.assert(
      fc.property(tiedLogits, fc.integer({min: 1, max: 5}), fc.nat(), (values, k, seed) => {
        const possible = keepTopK(values, k);
        const random = new Random(seed);
        const drawn = new Set(Array.from({length: 400}, () => sampleToken(possible, random)));
        for (const token of drawn) expect(kept(possible)).toContain(token);
        // Of at most 20 tokens it has a probability of 1/20 or more.
        expect(drawn.has(mostProbable(possible))).toBe(true);
      }),
      {numRuns: 20},
    );
  });

  it('takes one number of the generator, and its ends lead to the first and the last possible token', () => {
    const values = Float32Array.of(-Infinity, 0, 0, -Infinity);
    const random = new Random(3);
    const second = random.clone();
    sampleToken(values, random);
    second.uniform();
    expect(random.state).toEqual(second.state);
    const fixed = (value: number) => ({uniform: () => value}) as Random;
    expect(sampleToken(values, fixed(0))).toBe(1);
    expect(sampleToken(values, fixed(1 - 2 ** -32))).toBe(2);
    expect(sampleToken(values, fixed(1))).toBe(2);
  });
});
