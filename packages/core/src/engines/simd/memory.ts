import {EngineError} from '../../errors';
import {Heap} from './heap';

const PAGE = 65536;
const MAX_PAGES = 65536;

/** The start of the memory belongs to jobs and to the constants of the compiled code. */
const HEAP_START = PAGE;

const INITIAL_PAGES = 256;

/** Memory grows by a sixteenth at least, since growing is slow. */
const GROWTH_SHIFT = 4;

/** Blocks begin at multiples of so many bytes, and are as long. */
const UNIT = 16;

/** The size of the block that a request gets. */
export const blockSize = (bytes: number) => UNIT * Math.max(1, Math.ceil(bytes / UNIT));

/** Whoever a block belongs to, as long as it may be moved: is told its new address. */
export interface BlockOwner {
  moved(address: number): void;
}

/** A request for which no block is free. */
export class MemoryFullError extends EngineError {
  /**
   * @param bytes What was asked for.
   * @param used Bytes in use then.
   */
  constructor(
    readonly bytes: number,
    limit: number,
    readonly used: number,
  ) {
    super(
      `simd: ${bytes} bytes do not fit in the engine's memory of ${limit} bytes, of which ${used} are in use; dispose of tensors or use smaller ones`,
    );
    this.name = EngineError.name;
  }
}

/**
 * One WebAssembly memory, given out in blocks.
 *
 * Blocks that are freed join with their free neighbours ({@link Heap}), so that what is free serves requests of any size.
 * Both are O(1). The memory grows up to 4 GiB; it is a shared one, whose views stay valid then. Blocks that have an owner
 * can be moved, see {@link makeRoom}.
 */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  private readonly heap = new Heap<BlockOwner>(HEAP_START / UNIT);
  private views!: {bytes: Uint8Array; ints: Int32Array; floats: Float32Array};
  /** While blocks are set aside: those that were allocated since, and which of them were freed. */
  private aside: {allocated: Set<number>; freed: Set<number>} | null = null;

  constructor(private readonly maxBytes = MAX_PAGES * PAGE) {
    this.memory = new WebAssembly.Memory({
      initial: Math.min(INITIAL_PAGES, Math.ceil(maxBytes / PAGE)),
      maximum: MAX_PAGES,
      shared: true,
    });
    this.takeUp();
  }

  /** Bytes of blocks in use. */
  get usedBytes(): number {
    return UNIT * this.heap.used;
  }

  /** Bytes that the memory has grown to; it never shrinks. */
  get heldBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** The whole memory as bytes; take it anew after allocating. */
  get bytes(): Uint8Array {
    return this.views.bytes;
  }

  get ints(): Int32Array {
    return this.views.ints;
  }

  get floats(): Float32Array {
    return this.views.floats;
  }

  /**
   * A block of at least `bytes` bytes, 16-byte aligned, with any content.
   * @param owner Without one the block stays where it is.
   * @throws MemoryFullError when no block is free; nothing has changed then.
   */
  allocate(bytes: number, owner?: BlockOwner): number {
    const size = blockSize(bytes) / UNIT;
    let start = bytes < this.maxBytes ? this.heap.allocate(size, owner) : -1;
    if (start < 0) {
      if (!this.growFor(size)) throw new MemoryFullError(bytes, this.maxBytes, this.usedBytes);
      start = this.heap.allocate(size, owner);
    }
    const address = UNIT * start;
    this.aside?.allocated.add(address);
    return address;
  }

  /** Gives a block back. */
  free(address: number): void {
    if (this.aside?.allocated.has(address)) this.aside.freed.add(address);
    else this.heap.free(address / UNIT);
  }

  /** From now on a block is another's; without an owner it stays where it is. */
  setOwner(address: number, owner?: BlockOwner): void {
    this.heap.setOwner(address / UNIT, owner);
  }

  /** Whether a request of so many bytes could be met if all that is free were in one place. */
  mayHold(bytes: number): boolean {
    return HEAP_START + this.usedBytes + blockSize(bytes) <= this.maxBytes;
  }

  /**
   * Moves blocks that have an owner together, as few as will do, so that a request of so many bytes can be met. For when
   * nobody works on the memory: addresses that were taken before are wrong afterwards.
   * @returns Whether it can be met now.
   */
  makeRoom(bytes: number): boolean {
    const size = blockSize(bytes) / UNIT;
    this.growTo(this.maxBytes);
    const moves = this.heap.makeRoom(size);
    for (const {from, to, size: moved, owner} of moves ?? []) {
      this.bytes.copyWithin(UNIT * to, UNIT * from, UNIT * (from + moved));
      owner.moved(UNIT * to);
    }
    return moves !== null;
  }

  /** From now on, no block that is allocated is given out twice: what is freed of them is set aside. */
  setAside(): void {
    this.aside = {allocated: new Set(), freed: new Set()};
  }

  /** Ends {@link setAside}. Returns the addresses of the blocks that were set aside, which are the caller's to free. */
  endSetAside(): number[] {
    const freed = [...(this.aside?.freed ?? [])];
    this.aside = null;
    for (const address of freed) this.setOwner(address);
    return freed;
  }

  private growFor(size: number): boolean {
    return this.growTo(UNIT * (this.heap.end + this.heap.missingFor(size)));
  }

  private growTo(end: number): boolean {
    if (end > this.maxBytes) return false;
    const pages = this.heldBytes / PAGE;
    const missing = Math.ceil(end / PAGE) - pages;
    if (missing <= 0) return true;
    const wanted = Math.min(Math.max(missing, pages >> GROWTH_SHIFT), MAX_PAGES - pages);
    for (const growth of [wanted, missing])
      try {
        this.memory.grow(growth);
        this.takeUp();
        return true;
      } catch {
        // The machine or the limit refuses; fewer pages may do.
      }
    return false;
  }

  /** Takes all memory that there is into use. */
  private takeUp(): void {
    const {buffer} = this.memory;
    this.views = {bytes: new Uint8Array(buffer), ints: new Int32Array(buffer), floats: new Float32Array(buffer)};
    this.heap.grow(Math.floor(Math.min(buffer.byteLength, this.maxBytes) / UNIT) - this.heap.end);
  }
}
