import type {SimdBackend} from '../backend';

/** Scratch memory of a kernel, given back when it is done. */
export class Borrowed {
  private readonly addresses: number[] = [];

  constructor(private readonly backend: SimdBackend) {}

  /** Room for so many 4-byte values, with any content. */
  floats(count: number): number {
    const bytes = Math.max(4, 4 * count);
    const address = this.backend.memoryBlocks.allocate(bytes);
    this.addresses.push(address);
    return address;
  }

  release(): void {
    for (const address of this.addresses) this.backend.memoryBlocks.free(address);
  }
}

/** Runs a function with scratch memory. */
export function borrowing<Result>(backend: SimdBackend, use: (borrowed: Borrowed) => Result): Result {
  const borrowed = new Borrowed(backend);
  try {
    return use(borrowed);
  } finally {
    borrowed.release();
  }
}
