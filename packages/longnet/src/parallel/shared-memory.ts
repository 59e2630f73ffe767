import {EngineError, requireArgument, requireCount} from '@variants/core';
import type {Communicator, Members} from './communicator';

/** The first numbers of the memory: workers, floats of each, workers that have arrived, rounds that are over. */
const HEADER = {size: 0, floats: 1, arrived: 2, rounds: 3, count: 4};

/** How long a worker waits for others, in milliseconds: beyond any step that makes sense. */
const PATIENCE = 600_000;

/**
 * Memory by which workers exchange numbers, to be handed to each of them.
 * @param size How many workers there are.
 * @param floats Room for so many numbers of each; longer messages go in several rounds. Default 65,536.
 * @throws ConfigError for a number that is none.
 */
export function communicationMemory(size: number, floats = 65536): SharedArrayBuffer {
  requireCount('communicationMemory', 'size', size);
  requireCount('communicationMemory', 'floats', floats);
  const memory = new SharedArrayBuffer(4 * (HEADER.count + size * floats));
  const header = new Int32Array(memory, 0, HEADER.count);
  header[HEADER.size] = size;
  header[HEADER.floats] = floats;
  return memory;
}

/**
 * A {@link Communicator} between the threads of one machine, over memory that they share: worker threads of Node, or workers of
 * a page that is cross-origin isolated. A page's main thread cannot wait, so it cannot be one of them.
 */
export class SharedMemoryCommunicator implements Communicator {
  readonly size: number;
  /** Bytes that this worker has handed to others so far. */
  bytesSent = 0;
  private readonly header: Int32Array;
  private readonly slots: Float32Array[];

  /**
   * @param memory Of {@link communicationMemory}, the same for all workers.
   * @param rank Which of them this is, from 0 on.
   * @throws ConfigError when there is no such worker.
   */
  constructor(
    memory: SharedArrayBuffer,
    readonly rank: number,
  ) {
    const isMemory = memory instanceof SharedArrayBuffer;
    requireArgument('SharedMemoryCommunicator', 'memory', memory, isMemory, 'what communicationMemory gave');
    this.header = new Int32Array(memory, 0, HEADER.count);
    this.size = this.header[HEADER.size];
    const isRank = Number.isInteger(rank) && rank >= 0 && rank < this.size;
    requireArgument('SharedMemoryCommunicator', 'rank', rank, isRank, `a whole number from 0 to ${this.size - 1}`);
    const floats = this.header[HEADER.floats];
    const slot = (i: number) => new Float32Array(memory, 4 * (HEADER.count + i * floats), floats);
    this.slots = Array.from({length: this.size}, (_, i) => slot(i));
  }

  allGather(values: Float32Array, {first, count}: Members): Float32Array[] {
    const gathered = Array.from({length: count}, () => new Float32Array(values.length));
    this.bytesSent += (count - 1) * values.byteLength;
    this.exchange(values.length, (start, room) => {
      room.set(values.subarray(start, start + room.length));
      return (length) => {
        for (const [i, whole] of gathered.entries()) whole.set(this.slots[first + i].subarray(0, length), start);
      };
    });
    return gathered;
  }

  reduceScatter(parts: readonly Float32Array[], {first, count}: Members): Float32Array {
    const [{length}] = parts;
    const sum = new Float32Array(length);
    this.bytesSent += (count - 1) * 4 * length;
    // In round after round, each worker of a group is handed what is for it by all others of it; groups may be of other sizes.
    for (let target = 0; target < this.size; target++)
      this.exchange(length, (start, room) => {
        if (target < count) room.set(parts[target].subarray(start, start + room.length));
        return (floats) => {
          if (this.rank !== first + target) return;
          for (let i = 0; i < count; i++) {
            const slot = this.slots[first + i];
            for (let j = 0; j < floats; j++) sum[start + j] += slot[j];
          }
        };
      });
    return sum;
  }

  /** Goes through `length` numbers in pieces that there is room for: writes one, waits for all others, reads theirs. */
  private exchange(length: number, write: (start: number, room: Float32Array) => (length: number) => void): void {
    const own = this.slots[this.rank];
    for (let start = 0; start < length; start += own.length) {
      const count = Math.min(own.length, length - start);
      const read = write(start, own.subarray(0, count));
      this.await();
      read(count);
      // Nobody writes again before all have read.
      this.await();
    }
  }

  /** Returns when all workers have come here. */
  private await(): void {
    const {header} = this;
    const round = Atomics.load(header, HEADER.rounds);
    if (Atomics.add(header, HEADER.arrived, 1) === this.size - 1) {
      Atomics.store(header, HEADER.arrived, 0);
      Atomics.add(header, HEADER.rounds, 1);
      Atomics.notify(header, HEADER.rounds);
      return;
    }
    while (Atomics.load(header, HEADER.rounds) === round)
      if (Atomics.wait(header, HEADER.rounds, round, PATIENCE) === 'timed-out')
        throw new EngineError(
          'SharedMemoryCommunicator: the other workers did not come; all must run the same program',
        );
  }
}
