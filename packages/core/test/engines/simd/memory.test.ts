import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {blockSize, EngineMemory} from '../../../src/engines/simd/memory';
import {EngineError} from '../../../src/errors';

describe('blockSize', () => {
  it('is a multiple of 16, no smaller than asked for and at most a quarter larger', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 2 ** 32 - 2 ** 27}), (bytes) => {
        const size = blockSize(bytes);
        expect(size % 16).toBe(0);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(size).toBeLessThanOrEqual(Math.max(bytes + 16, bytes * 1.25));
        expect(blockSize(size)).toBe(size);
      }),
    );
  });
});

describe('EngineMemory', () => {
  it('gives out blocks that are aligned and never overlap, and takes back all of them', () => {
    const steps = fc.array(fc.record({bytes: fc.integer({min: 1, max: 5000}), free: fc.nat()}), {maxLength: 300});
    fc.assert(
      fc.property(steps, (list) => {
        const memory = new EngineMemory();
        const live: {address: number; bytes: number}[] = [];
        for (const {bytes, free} of list) {
          if (free % 3 === 0 && live.length > 0) {
            const [block] = live.splice(free % live.length, 1);
            memory.free(block.address);
          }
          const address = memory.allocate(bytes);
          expect(address % 16).toBe(0);
          for (const other of live)
            expect(address >= other.address + other.bytes || address + bytes <= other.address).toBe(true);
          live.push({address, bytes});
        }
        for (const {address} of live) memory.free(address);
        expect(memory.usedBytes).toBe(0);
      }),
      {numRuns: 20},
    );
  });

  it('gives a freed block to the next request of its size, so that a repeated step takes no new memory', () => {
    const memory = new EngineMemory();
    const first = memory.allocate(1000);
    memory.free(first);
    expect(memory.allocate(1001)).toBe(first);
  });

  it('grows without invalidating views', () => {
    const memory = new EngineMemory();
    const address = memory.allocate(16);
    const view = new Float32Array(memory.memory.buffer, address, 4).fill(7);
    memory.allocate(64 * 2 ** 20);
    expect(memory.floats[address / 4]).toBe(7);
    expect(view[3]).toBe(7);
  });

  it('says so when it is full, changes nothing then, and goes on when something is freed', () => {
    const memory = new EngineMemory(16 * 2 ** 20);
    const address = memory.allocate(12 * 2 ** 20);
    const used = memory.usedBytes;
    expect(() => memory.allocate(8 * 2 ** 20)).toThrow(EngineError);
    expect(() => memory.allocate(8 * 2 ** 20)).toThrow(/8388608 bytes do not fit .* dispose of tensors/);
    expect(memory.usedBytes).toBe(used);
    memory.free(address);
    const smaller = memory.allocate(8 * 2 ** 20);
    expect(smaller).toBe(address);
    expect(memory.allocate(3 * 2 ** 20)).toBeGreaterThan(address);
  });
});
