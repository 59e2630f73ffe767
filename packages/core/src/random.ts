import {ConfigError} from './errors';

/** FNV-1a, 32 bits, of the UTF-8 bytes of `text`. */
function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A whole number's bits above the lowest 32. */
const highWord = (value: number) => Math.floor(value / 4294967296);

/**
 * Throws a ConfigError unless `seed` is a whole number from 0 to 2^53 - 1.
 * @param owner Whose it is, for the message.
 */
export function requireSeed(owner: string, seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new ConfigError(`${owner}: seed is ${String(seed)}, but must be a whole number from 0 to 2^53 - 1`);
}

/** The four words of a generator: all there is to save for a run to go on where it stopped. */
export type RandomState = [number, number, number, number];

/**
 * Random numbers that are the same in every language and on every machine: the generator sfc32 (Chris Doty-Humphrey's
 * "small fast counting" generator, 32-bit words), started from a seed, a name and an index.
 *
 * The name keeps streams apart ("mqar/train", "block_0/up/kernel"), the index counts within one (the example's number).
 * All arithmetic is on unsigned 32-bit words. All 53 bits of a seed and of an index count: those above the lowest 32 start
 * the generator's counter and change the name's word, and are 0 for smaller numbers.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /**
   * @param seed A whole number from 0 to 2^53 - 1.
   * @param name Default ''.
   * @param index Default 0.
   * @throws ConfigError for any other seed.
   */
  constructor(seed: number, name = '', index = 0) {
    requireSeed('Random', seed);
    this.a = seed | 0;
    // An odd factor: every index has its own word.
    this.b = fnv1a32(name) ^ Math.imul(highWord(index), 0x9e3779b1);
    this.c = index | 0;
    this.d = 1 + highWord(seed);
    for (let i = 0; i < 15; i++) this.next();
  }

  /** The state of the generator; assign it to go back there. */
  get state(): RandomState {
    return [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0];
  }

  set state(words: RandomState) {
    [this.a, this.b, this.c, this.d] = words.map((word) => word | 0) as RandomState;
  }

  /** A second generator that will draw what this one will draw. */
  clone(): Random {
    const copy = new Random(0);
    copy.state = this.state;
    return copy;
  }

  /** The next word, 0 <= word < 2^32. */
  next(): number {
    const word = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + word) | 0;
    return word >>> 0;
  }

  /** A whole number, 0 <= number < n, for 1 <= n <= 2^32; always one word. floor(word n / 2^32), exact in doubles. */
  below(n: number): number {
    const word = this.next();
    const high = word >>> 16;
    const low = word & 65535;
    return Math.floor((n * high + Math.floor((n * low) / 65536)) / 65536);
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.next() < p * 4294967296;
  }

  /** A number, 0 <= number < 1, with 32 random bits. */
  uniform(): number {
    return this.next() / 4294967296;
  }

  /** A draw from the normal distribution with mean 0 and standard deviation 1 (Box and Muller's cosine; two words). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.next() + 1) / 4294967297));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles a list in place (Fisher and Yates, from the last place down) and returns it. */
  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }

  /** k different numbers out of 0..n-1, in random order; memory is k whatever n is. */
  sample(n: number, k: number): number[] {
    const moved = new Map<number, number>();
    const at = (i: number) => moved.get(i) ?? i;
    return Array.from({length: k}, (_, i) => {
      const j = i + this.below(n - i);
      const drawn = at(j);
      moved.set(j, at(i));
      return drawn;
    });
  }

  /** k different places of a list of whole-number weights, each drawn in proportion to its weight. */
  weightedDistinct(weights: readonly number[], k: number): number[] {
    const left = [...weights];
    let total = left.reduce((sum, weight) => sum + weight, 0);
    return Array.from({length: k}, () => {
      let rest = this.below(total);
      let place = 0;
      while (rest >= left[place]) rest -= left[place++];
      total -= left[place];
      left[place] = 0;
      return place;
    });
  }
}
