import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {withInitialization} from '../src/layers/initializers';
import {Random} from '../src/random';
import vectors from './fixtures/random.json' with {type: 'json'};

const {seed, name, index0, index1} = vectors;
const draw = <T>(count: number, one: () => T) => Array.from({length: count}, one);

const seeds = fc.nat({max: Number.MAX_SAFE_INTEGER});

describe('the published vectors', () => {
  test('words', () => {
    const random = new Random(seed, name, 0);
    expect(draw(index0.u32.length, () => random.next())).toEqual(index0.u32);
  });

  test('primitives, drawn one after the other', () => {
    const random = new Random(seed, name, 1);
    expect({
      below_10: draw(8, () => random.below(10)),
      below_8191: draw(4, () => random.below(8191)),
      below_4294967296: draw(2, () => random.below(4294967296)),
      below_3000000019: draw(2, () => random.below(3000000019)),
      chance_02: draw(8, () => random.chance(0.2)),
      shuffle_8: random.shuffle([0, 1, 2, 3, 4, 5, 6, 7]),
      sample_100_6: random.sample(100, 6),
      sample_5_5: random.sample(5, 5),
      weightedDistinct: random.weightedDistinct([5, 1, 10, 3, 2], 4),
    }).toEqual(index1);
  });
});

describe('streams', () => {
  test('seed, name and index each start another one', () => {
    const first = (...start: ConstructorParameters<typeof Random>) => new Random(...start).next();
    const words = [first(1), first(2), first(1, 'a'), first(1, 'b'), first(1, 'a', 1), first(1, 'a', 2)];
    expect(new Set(words).size).toBe(words.length);
  });

  test('all 53 bits of a seed and of an index count', () => {
    const places = fc.tuple(seeds, seeds).filter(([one, two]) => one !== two);
    const words = (...start: ConstructorParameters<typeof Random>) => {
      const random = new Random(...start);
      return draw(4, () => random.next()).join();
    };
    const checkPair = ([one, two]: [number, number]) => {
      expect(words(one, 'a', 3)).not.toBe(words(two, 'a', 3));
      expect(words(3, 'a', one)).not.toBe(words(3, 'a', two));
    };
    for (let bit = 0; bit < 53; bit++) checkPair([2 ** bit, 0]);
    for (let bit = 32; bit < 52; bit++) checkPair([2 ** bit, 2 ** (bit + 1)]);
    fc.assert(fc.property(places, checkPair), {numRuns: 100});
  });

  test('what is no seed is refused by name', () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]) {
      expect(() => new Random(seed as number)).toThrow(`Random: seed is ${seed}, but must be a whole number from 0 to`);
      if (seed !== undefined)
        expect(() => withInitialization({seed: seed as number}, () => 0)).toThrow('withInitialization: seed is');
    }
  });

  test('names are told apart by their UTF-8 bytes', () => {
    expect(new Random(1, 'ä').next()).not.toBe(new Random(1, 'a').next());
    expect(new Random(1, '\u{1F40B}').next()).not.toBe(new Random(1, '\u{1F433}').next());
  });

  test('a state, stored as JSON, leads to the same words', () => {
    fc.assert(
      fc.property(seeds, fc.nat(20), (start, drawn) => {
        const random = new Random(start, 'state');
        draw(drawn, () => random.next());
        const saved = JSON.stringify(random.state);
        const copy = random.clone();
        const expected = draw(5, () => random.next());
        expect(draw(5, () => copy.next())).toEqual(expected);
        random.state = JSON.parse(saved);
        expect(draw(5, () => random.next())).toEqual(expected);
      }),
      {numRuns: 50},
    );
  });
});

describe('below', () => {
  const exactBelow = (word: number, n: number) => Number((BigInt(word) * BigInt(n)) >> 32n);

  test('is floor(word n / 2^32) in exact arithmetic, one word each', () => {
    fc.assert(
      fc.property(seeds, fc.integer({min: 1, max: 2 ** 32}), (start, n) => {
        const words = new Random(start);
        const random = new Random(start);
        for (let i = 0; i < 20; i++) expect(random.below(n)).toBe(exactBelow(words.next(), n));
      }),
      {numRuns: 100},
    );
  });

  test('draws a word for n = 1 too', () => {
    const random = new Random(3);
    const after = new Random(3);
    after.next();
    expect(random.below(1)).toBe(0);
    expect(random.state).toEqual(after.state);
  });
});

describe('chance, uniform, normal', () => {
  test('chance 0 never, chance 1 always', () => {
    const random = new Random(4);
    expect(draw(200, () => random.chance(0)).some(Boolean)).toBe(false);
    expect(draw(200, () => random.chance(1)).every(Boolean)).toBe(true);
  });

  test('uniform is in [0, 1) with mean 1/2', () => {
    const random = new Random(5);
    const numbers = draw(10_000, () => random.uniform());
    expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(numbers.reduce((sum, x) => sum + x, 0) / numbers.length).toBeCloseTo(0.5, 1);
  });

  test('normal is finite, with mean 0 and variance 1', () => {
    const random = new Random(6);
    const numbers = draw(10_000, () => random.normal());
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(numbers.reduce((sum, x) => sum + x, 0) / numbers.length).toBeCloseTo(0, 1);
    expect(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length).toBeCloseTo(1, 1);
  });
});

describe('lists', () => {
  test('shuffle keeps the elements, in place, and draws length - 1 words', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer(), {maxLength: 30}), (start, list) => {
        const random = new Random(start);
        const after = new Random(start);
        draw(Math.max(0, list.length - 1), () => after.next());
        const shuffled = [...list];
        expect(random.shuffle(shuffled)).toBe(shuffled);
        expect([...shuffled].sort()).toEqual([...list].sort());
        expect(random.state).toEqual(after.state);
      }),
      {numRuns: 50},
    );
  });

  test('sample is the start of a shuffle done from the front', () => {
    fc.assert(
      fc.property(seeds, fc.integer({min: 1, max: 40}), fc.nat(40), (start, n, wanted) => {
        const k = Math.min(n, wanted);
        const random = new Random(start);
        const list = draw(n, () => 0).map((_, i) => i);
        for (let i = 0; i < k; i++) {
          const j = i + random.below(n - i);
          [list[i], list[j]] = [list[j], list[i]];
        }
        expect(new Random(start).sample(n, k)).toEqual(list.slice(0, k));
      }),
      {numRuns: 100},
    );
  });

  test('sample of a huge range needs k steps only', () => {
    const places = new Random(7).sample(2 ** 32, 5);
    expect(new Set(places).size).toBe(5);
  });

  test('weightedDistinct takes different places of positive weight, and leaves the weights alone', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.nat(5), {minLength: 1, maxLength: 20}), (start, weights) => {
        const before = [...weights];
        const positive = weights.filter((weight) => weight > 0).length;
        const places = new Random(start).weightedDistinct(weights, positive);
        expect(new Set(places).size).toBe(positive);
        expect(places.every((place) => weights[place] > 0)).toBe(true);
        expect(weights).toEqual(before);
      }),
      {numRuns: 100},
    );
  });

  test('weightedDistinct draws in proportion to the weights', () => {
    const random = new Random(8);
    const firsts = draw(4000, () => random.weightedDistinct([1, 3], 1)[0]);
    expect(firsts.filter((place) => place === 1).length / firsts.length).toBeCloseTo(0.75, 1);
  });
});
