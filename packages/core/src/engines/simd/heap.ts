import {BlockIndex} from './block-index';
import {classOf, SizeClasses} from './size-classes';

/** A block that was moved, and whose it is. */
export interface Move<Owner> {
  from: number;
  to: number;
  size: number;
  owner: Owner;
}

/** What is known of a block, in the order in which it lies in the table. */
const START = 0;
const SIZE = 1;
const BELOW = 2;
const ABOVE = 3;
/** The list of its class that it stands in when it is free. */
const PREVIOUS = 4;
const NEXT = 5;
const IS_FREE = 6;
const FIELDS = 8;

/** How many blocks of a request's own class, of which each may be too small, are tried before larger ones. */
const TRIES = 4;

/**
 * Which parts of a range of numbers are given out, as blocks that lie one behind the other without gaps: a two-level
 * segregated fit (Masmano, Ripoll, Crespo and Real, ECRTS 2004). A request is cut out of a free block of the smallest class
 * that has one, a block that is freed joins with those beside it that are free: both in a time that does not depend on how
 * many blocks there are. What is known of blocks is kept apart from what they hold.
 *
 * Starts and sizes are whole numbers below 2^28, in units that are the caller's affair.
 */
export class Heap<Owner> {
  /** Units of the blocks that are given out. */
  used = 0;
  private blocks = new Int32Array(FIELDS * 256);
  private readonly owners: (Owner | undefined)[] = [undefined];
  private readonly lists = new SizeClasses();
  private readonly index = new BlockIndex((block) => this.blocks[block + START]);
  /** Numbers of blocks that are no more, each with the next one. The first block's number is not 0. */
  private unused = 0;
  private count = FIELDS;
  /** The lowest and the highest block; 0 as long as there is none. */
  private lowest = 0;
  private highest = 0;

  /** @param top Where the range begins, and ends until it grows. */
  constructor(private top: number) {}

  /** Where the range ends. */
  get end(): number {
    return this.top;
  }

  /** A block of so many units: where it begins; -1 where none is free. */
  allocate(size: number, owner?: Owner): number {
    const block = this.find(size);
    if (block === 0) return -1;
    const {blocks} = this;
    this.takeOut(block);
    const rest = blocks[block + SIZE] - size;
    if (rest > 0) this.split(block, size, rest);
    this.used += size;
    if (owner) this.owners[block / FIELDS] = owner;
    return this.blocks[block + START];
  }

  /** Gives a block back. */
  free(start: number): void {
    let block = this.index.get(start);
    const {blocks} = this;
    if (block === 0 || blocks[block + IS_FREE] === 1) throw new RangeError(`simd: no block in use begins at ${start}`);
    this.used -= blocks[block + SIZE];
    this.owners[block / FIELDS] = undefined;
    const above = blocks[block + ABOVE];
    if (above !== 0 && blocks[above + IS_FREE] === 1) {
      this.takeOut(above);
      this.join(block, above);
    }
    const below = blocks[block + BELOW];
    if (below !== 0 && blocks[below + IS_FREE] === 1) {
      this.takeOut(below);
      this.join(below, block);
      block = below;
    }
    this.putIn(block);
  }

  /** From now on a block is another's to be told of when it moves; nobody's, and not to be moved, without one. */
  setOwner(start: number, owner: Owner | undefined): void {
    this.owners[this.index.get(start) / FIELDS] = owner;
  }

  /** By how much the range must grow for a block of so many units to be free: what lies free at its end counts. */
  missingFor(size: number): number {
    return Math.max(0, size - this.freeAtEnd());
  }

  /** Makes the range longer. */
  grow(by: number): void {
    const {highest, top} = this;
    this.top += by;
    if (this.freeAtEnd() > 0) {
      this.takeOut(highest);
      this.blocks[highest + SIZE] += by;
      this.putIn(highest);
    } else this.putIn(this.newBlock(top, by, highest, 0));
  }

  /**
   * Moves blocks downwards so that so many units in a row are free; of all places, where it moves least. Blocks without an
   * owner stay where they are.
   * @returns The moves, to be made in this order; null where there is no such place, and nothing has changed then.
   */
  makeRoom(size: number): Move<Owner>[] | null {
    const place = this.cheapestPlace(size);
    return place && this.slide(place.first, place.last);
  }

  private freeAtEnd(): number {
    const {blocks, highest} = this;
    return highest !== 0 && blocks[highest + IS_FREE] === 1 ? blocks[highest + SIZE] : 0;
  }

  /** A free block that is large enough; 0 where there is none. */
  private find(size: number): number {
    const {blocks, lists} = this;
    const own = classOf(size);
    const first = lists.first(own);
    let block = first;
    for (let i = 0; i < TRIES && block !== 0; i++) {
      if (blocks[block + SIZE] >= size) return block;
      block = blocks[block + NEXT];
    }
    const larger = lists.firstAbove(own);
    // Rather than to say no, the whole class is looked through.
    while (larger === 0 && block !== 0 && blocks[block + SIZE] < size) block = blocks[block + NEXT];
    return larger === 0 ? block : larger;
  }

  private takeOut(block: number): void {
    const {blocks} = this;
    const previous = blocks[block + PREVIOUS];
    const next = blocks[block + NEXT];
    if (next !== 0) blocks[next + PREVIOUS] = previous;
    if (previous !== 0) blocks[previous + NEXT] = next;
    else this.lists.setFirst(classOf(blocks[block + SIZE]), next);
    blocks[block + IS_FREE] = 0;
  }

  private putIn(block: number): void {
    const {blocks, lists} = this;
    const sizeClass = classOf(blocks[block + SIZE]);
    const next = lists.first(sizeClass);
    blocks[block + PREVIOUS] = 0;
    blocks[block + NEXT] = next;
    blocks[block + IS_FREE] = 1;
    if (next !== 0) blocks[next + PREVIOUS] = block;
    lists.setFirst(sizeClass, block);
  }

  /** Cuts a block that is in no list; the rest becomes free. Nothing free lies above it, or it would have joined. */
  private split(block: number, size: number, rest: number): void {
    this.blocks[block + SIZE] = size;
    this.putIn(this.newBlock(this.blocks[block + START] + size, rest, block, this.blocks[block + ABOVE]));
  }

  /** Makes one of two neighbours that are in no list. */
  private join(block: number, above: number): void {
    const {blocks} = this;
    blocks[block + SIZE] += blocks[above + SIZE];
    this.linkBlocks(block, blocks[above + ABOVE]);
    this.index.remove(blocks[above + START]);
    blocks[above + NEXT] = this.unused;
    this.unused = above;
  }

  private linkBlocks(below: number, above: number): void {
    if (below !== 0) this.blocks[below + ABOVE] = above;
    else this.lowest = above;
    if (above !== 0) this.blocks[above + BELOW] = below;
    else this.highest = below;
  }

  private newBlock(start: number, size: number, below: number, above: number): number {
    let block = this.unused;
    if (block !== 0) this.unused = this.blocks[block + NEXT];
    else {
      block = this.count;
      this.count += FIELDS;
      if (this.count > this.blocks.length) {
        const before = this.blocks;
        this.blocks = new Int32Array(2 * before.length);
        this.blocks.set(before);
      }
      this.owners.push(undefined);
    }
    this.blocks[block + START] = start;
    this.blocks[block + SIZE] = size;
    this.linkBlocks(below, block);
    this.linkBlocks(block, above);
    this.index.add(start, block);
    return block;
  }

  /**
   * The blocks, from `first` to `last`, among which so many units are free, none of which must stay, and of which those in
   * use are the smallest together.
   */
  private cheapestPlace(size: number): {first: number; last: number} | null {
    const {blocks, owners} = this;
    let best: {first: number; last: number} | null = null;
    let least = Number.POSITIVE_INFINITY;
    let first = this.lowest;
    let free = 0;
    let used = 0;
    for (let block = this.lowest; block !== 0; block = blocks[block + ABOVE]) {
      const units = blocks[block + SIZE];
      if (blocks[block + IS_FREE] === 1) free += units;
      else if (owners[block / FIELDS]) used += units;
      else {
        first = blocks[block + ABOVE];
        free = used = 0;
        continue;
      }
      if (free < size) continue;
      // What lies lowest may stay as long as there is enough without it.
      while (first !== block) {
        const isFree = blocks[first + IS_FREE] === 1;
        const lowest = blocks[first + SIZE];
        if (isFree && free - lowest < size) break;
        if (isFree) free -= lowest;
        else used -= lowest;
        first = blocks[first + ABOVE];
      }
      if (used < least) {
        least = used;
        best = {first, last: block};
      }
    }
    return best;
  }

  /** Moves the blocks in use from `first` to `last` down, and joins what is free above them. */
  private slide(first: number, last: number): Move<Owner>[] {
    const {blocks} = this;
    const moves: Move<Owner>[] = [];
    let to = blocks[first + START];
    let below = blocks[first + BELOW];
    let free = 0;
    const behind = blocks[last + ABOVE];
    for (let block = first; block !== behind; ) {
      const above = blocks[block + ABOVE];
      if (blocks[block + IS_FREE] === 1) {
        this.takeOut(block);
        free += blocks[block + SIZE];
        this.index.remove(blocks[block + START]);
        blocks[block + NEXT] = this.unused;
        this.unused = block;
      } else {
        const size = blocks[block + SIZE];
        const from = blocks[block + START];
        if (from !== to) {
          this.index.remove(from);
          blocks[block + START] = to;
          this.index.add(to, block);
          moves.push({from, to, size, owner: this.owners[block / FIELDS] as Owner});
        }
        this.linkBlocks(below, block);
        below = block;
        to += size;
      }
      block = above;
    }
    this.linkBlocks(below, behind);
    if (free > 0) this.joinFree(this.newBlock(to, free, below, behind));
    return moves;
  }

  /** Puts a block into its list, joined with a free one above it. */
  private joinFree(block: number): void {
    const above = this.blocks[block + ABOVE];
    if (above !== 0 && this.blocks[above + IS_FREE] === 1) {
      this.takeOut(above);
      this.join(block, above);
    }
    this.putIn(block);
  }
}
