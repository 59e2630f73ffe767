import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {EngineMemory, MemoryFullError} from '../../../src/engines/simd/memory';

const MIB = 2 ** 20;

/** A block as the engine's tensors are: it can be moved, and knows its values. */
class Tensor {
  address = 0;
  constructor(
    readonly bytes: number,
    readonly value: number,
  ) {}

  moved(address: number): void {
    this.address = address;
  }
}

/** Tensors in a small memory, moved together when one fits nowhere. */
class Tensors {
  readonly live: Tensor[] = [];
  readonly memory: EngineMemory;
  private made = 0;

  constructor(private readonly limit: number) {
    this.memory = new EngineMemory(limit);
  }

  /** Makes one; false where it is refused, which must be for want of memory. */
  make(bytes: number): boolean {
    const {memory, limit, live} = this;
    const tensor = new Tensor(bytes, this.made++ % 251);
    const used = memory.usedBytes;
    try {
      tensor.address = this.allocate(tensor);
    } catch (error) {
      expect(error).toBeInstanceOf(MemoryFullError);
      expect(used + bytes).toBeGreaterThan(0.95 * limit);
      expect(memory.usedBytes).toBe(used);
      return false;
    }
    memory.bytes.fill(tensor.value, tensor.address, tensor.address + bytes);
    live.push(tensor);
    return true;
  }

  free(i: number): void {
    const [{address, bytes, value}] = this.live.splice(i, 1);
    // Wherever it was moved, it kept its values.
    for (const at of [address, address + (bytes >> 1), address + bytes - 1]) expect(this.memory.bytes[at]).toBe(value);
    this.memory.free(address);
  }

  private allocate(tensor: Tensor): number {
    try {
      return this.memory.allocate(tensor.bytes, tensor);
    } catch (error) {
      if (!this.memory.makeRoom(tensor.bytes)) throw error;
      return this.memory.allocate(tensor.bytes, tensor);
    }
  }
}

describe('EngineMemory', () => {
  it('refuses a request only when that and what is in use exceed 95 % of the limit, whatever came before', () => {
    const size = fc.double({min: 4, max: 20, noNaN: true}).map((log) => Math.round(2 ** log));
    const steps = fc.array(fc.tuple(size, fc.nat(), fc.integer({min: 0, max: 9})), {minLength: 100, maxLength: 400});
    fc.assert(
      fc.property(steps, fc.integer({min: 1, max: 8}), (list, appetite) => {
        const tensors = new Tensors(2 * MIB);
        for (const [bytes, which, draw] of list) {
          const {live} = tensors;
          if (live.length > 0 && draw > appetite) tensors.free(which % live.length);
          // What is refused makes somebody give something up.
          while (!tensors.make(bytes) && live.length > 0) tensors.free(which % live.length);
        }
        while (tensors.live.length > 0) tensors.free(0);
        expect(tensors.memory.usedBytes).toBe(0);
        expect(tensors.make(0.95 * 2 * MIB)).toBe(true);
      }),
      {numRuns: 40},
    );
  });

  it('serves one request at a time of growing sizes up to its limit, each freed before the next', () => {
    const memory = new EngineMemory(64 * MIB);
    for (let bytes = 16 * 1024; bytes < 0.95 * 64 * MIB; bytes *= 1.19) memory.free(memory.allocate(bytes));
    expect(memory.usedBytes).toBe(0);
  });

  it('leaves what has no owner where it is', () => {
    const memory = new EngineMemory(4 * MIB);
    const fixed = memory.allocate(MIB);
    const first = new Tensor(MIB / 2, 1);
    first.address = memory.allocate(first.bytes, first);
    const between = memory.allocate(MIB / 4);
    const hole = memory.allocate(MIB / 4);
    const second = new Tensor(MIB, 2);
    second.address = memory.allocate(second.bytes, second);
    memory.free(hole);
    expect(memory.makeRoom(MIB)).toBe(true);
    expect([fixed, between].every((address) => address < second.address)).toBe(true);
    expect(second.address).toBe(hole);
    expect(memory.makeRoom(2 * MIB)).toBe(false);
  });
});
