import {EngineError} from '../../errors';

const PAGE = 65536;
const MAX_PAGES = 65536;

/** The start of the memory belongs to jobs and to the constants of the compiled code. */
const HEAP_START = PAGE;

/** Memory grows by at least this many pages at a time, since growing is slow. */
const GROWTH_PAGES = 256;

/** The size of the block that a request gets: a multiple of 16, at most a quarter more than asked for. */
export function blockSize(bytes: number): number {
  if (bytes <= 64) return Math.max(16, (bytes + 15) & ~15);
  // Four sizes between powers of two.
  const step = 2 ** (29 - Math.clz32(bytes - 1));
  return Math.ceil(bytes / step) * step;
}

/**
 * One WebAssembly memory, given out in blocks.
 *
 * A freed block goes to the list of its size and serves the next request of that size: training steps of one shape soon
 * allocate nothing new. Both are O(1). The memory grows up to 4 GiB; it is a shared one, whose views stay valid then.
 */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  private readonly freeBlocks = new Map<number, number[]>();
  private top = HEAP_START;
  private views!: {bytes: Uint8Array; ints: Int32Array; floats: Float32Array};
  /** Bytes of blocks in use. */
  private used = 0;
  /** While blocks are set aside: bytes of those that were allocated since, and which of them were freed. */
  private aside: {allocated: Map<number, number>; freed: Set<number>} | null = null;

  constructor(private readonly maxBytes = MAX_PAGES * PAGE) {
    this.memory = new WebAssembly.Memory({initial: GROWTH_PAGES, maximum: MAX_PAGES, shared: true});
    this.refreshViews();
  }

  get usedBytes(): number {
    return this.used;
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
   * @throws EngineError when the memory is full; nothing has changed then.
   */
  allocate(bytes: number): number {
    const size = blockSize(bytes);
    const address = this.freeBlocks.get(size)?.pop() ?? this.fresh(size);
    this.used += size;
    this.aside?.allocated.set(address, bytes);
    return address;
  }

  /** Gives back a block that was allocated for `bytes` bytes. */
  free(address: number, bytes: number): void {
    if (this.aside?.allocated.has(address)) {
      this.aside.freed.add(address);
      return;
    }
    const size = blockSize(bytes);
    this.used -= size;
    const blocks = this.freeBlocks.get(size);
    if (blocks) blocks.push(address);
    else this.freeBlocks.set(size, [address]);
  }

  /** From now on, no block that is allocated is given out twice: what is freed of them is set aside. */
  setAside(): void {
    this.aside = {allocated: new Map(), freed: new Set()};
  }

  /** Whether a block was allocated since {@link setAside}. */
  isAside(address: number): boolean {
    return this.aside?.allocated.has(address) === true;
  }

  /** Ends {@link setAside}. Returns the blocks that were set aside, address to bytes, which are the caller's to free. */
  endSetAside(): Map<number, number> {
    const {allocated, freed} = this.aside ?? {allocated: new Map<number, number>(), freed: new Set<number>()};
    this.aside = null;
    return new Map([...allocated].filter(([address]) => freed.has(address)));
  }

  private fresh(size: number): number {
    const end = this.top + size;
    if (end > this.maxBytes || !this.growTo(end)) return this.larger(size);
    const address = this.top;
    this.top = end;
    return address;
  }

  private growTo(end: number): boolean {
    const pages = this.memory.buffer.byteLength / PAGE;
    const missing = Math.ceil(end / PAGE) - pages;
    if (missing <= 0) return true;
    // By an eighth at least, or many small requests would each grow it.
    const wanted = Math.min(Math.max(missing, GROWTH_PAGES, pages >> 3), MAX_PAGES - pages);
    for (const growth of [wanted, missing])
      try {
        this.memory.grow(growth);
        this.refreshViews();
        return true;
      } catch {
        // The machine or the limit refuses; fewer pages may do.
      }
    return false;
  }

  /** For a full memory: cuts a block out of the smallest larger one that is free. */
  private larger(size: number): number {
    const fits = [...this.freeBlocks].filter(([other, blocks]) => other > size && blocks.length > 0);
    const [other, blocks] = fits.reduce((a, b) => (b[0] < a[0] ? b : a), [Number.POSITIVE_INFINITY, [] as number[]]);
    const address = blocks.pop();
    if (address === undefined)
      throw new EngineError(
        `simd: ${size} bytes do not fit in the engine's memory of ${this.maxBytes} bytes, of which ${this.used} are in use; dispose of tensors or use smaller ones`,
      );
    this.keepRest(address + size, other - size);
    return address;
  }

  /** Puts what is left of a cut block on the lists, in blocks of sizes that there are. */
  private keepRest(address: number, bytes: number): void {
    while (bytes >= 16) {
      const size = largestBlockWithin(bytes);
      const blocks = this.freeBlocks.get(size);
      if (blocks) blocks.push(address);
      else this.freeBlocks.set(size, [address]);
      address += size;
      bytes -= size;
    }
  }

  private refreshViews(): void {
    const {buffer} = this.memory;
    this.views = {bytes: new Uint8Array(buffer), ints: new Int32Array(buffer), floats: new Float32Array(buffer)};
  }
}

function largestBlockWithin(bytes: number): number {
  if (bytes <= 64) return bytes & ~15;
  const step = 2 ** (29 - Math.clz32(bytes));
  return Math.floor(bytes / step) * step;
}
