/** Sizes below it have a class each; above, there are so many classes from one power of two to the next. */
const EXACT = 32;

const CLASSES = 24 * EXACT;

/** The class of a size: sizes of a class differ by a 32nd at most. */
export function classOf(size: number): number {
  const shift = Math.max(0, 26 - Math.clz32(size));
  return (shift << 5) + (size >>> shift);
}

/** For each class of sizes the first of a list, and which classes have one: found in the time of a few instructions. */
export class SizeClasses {
  private readonly firsts = new Int32Array(CLASSES + EXACT);
  /** A bit for each class that has a list, and one for each word of such bits that is not 0. */
  private readonly words = new Int32Array(CLASSES / 32 + 1);
  private summary = 0;

  /** What the list of a class begins with; 0 where there is none. */
  first(sizeClass: number): number {
    return this.firsts[sizeClass];
  }

  /** Sets what the list of a class begins with. */
  setFirst(sizeClass: number, first: number): void {
    this.firsts[sizeClass] = first;
    const word = sizeClass >>> 5;
    const bit = 1 << (sizeClass & 31);
    if (first !== 0) this.words[word] |= bit;
    else this.words[word] &= ~bit;
    if (this.words[word] !== 0) this.summary |= 1 << word;
    else this.summary &= ~(1 << word);
  }

  /** What the list of the smallest class above this one that has a list begins with; 0 where there is none. */
  firstAbove(sizeClass: number): number {
    const next = sizeClass + 1;
    const word = next >>> 5;
    const here = this.words[word] & (-1 << (next & 31));
    if (here !== 0) return this.firsts[(word << 5) + lowestBit(here)];
    const above = this.summary & (-2 << word);
    if (above === 0) return 0;
    const other = lowestBit(above);
    return this.firsts[(other << 5) + lowestBit(this.words[other])];
  }
}

const lowestBit = (bits: number) => 31 - Math.clz32(bits & -bits);
