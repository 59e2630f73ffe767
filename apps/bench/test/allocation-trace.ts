import * as tf from '@tensorflow/tfjs';

/** What the engine's memory does, as far as traces are concerned. */
interface Memory {
  readonly usedBytes: number;
  readonly heldBytes: number;
  allocate(bytes: number, owner?: {moved(address: number): void}): number;
  free(address: number): void;
  makeRoom(bytes: number): boolean;
}

/** A block that is asked for, and whether it may be moved; or the number of one, counted from 0, that is given back. */
type Event = {bytes: number; isMovable: boolean} | {freed: number};

const engineMemory = () => (tf.backend() as unknown as {memoryBlocks: Memory}).memoryBlocks;

/** What was asked of the engine's memory while something ran, as far as it was given back meanwhile. */
export async function traceOf(run: () => Promise<void>): Promise<Event[]> {
  const memory = engineMemory();
  const events: Event[] = [];
  const numbers = new Map<number, number>();
  let count = 0;
  const {allocate, free} = memory;
  memory.allocate = (bytes, owner) => {
    const address = allocate.call(memory, bytes, owner);
    numbers.set(address, count++);
    events.push({bytes, isMovable: owner !== undefined});
    return address;
  };
  memory.free = (address) => {
    const freed = numbers.get(address);
    if (freed !== undefined) events.push({freed});
    numbers.delete(address);
    free.call(memory, address);
  };
  try {
    await run();
  } finally {
    Object.assign(memory, {allocate, free});
  }
  return events;
}

/** The most bytes that are in use at a time in a trace. */
export function peakOf(events: readonly Event[], scale = 1): number {
  const memory = freshMemory();
  let peak = 0;
  replay(memory, events, scale, () => {
    peak = Math.max(peak, memory.usedBytes);
  });
  return peak;
}

/** A memory as the engine's, with a limit. */
export function freshMemory(limit?: number): Memory {
  const Memory = engineMemory().constructor as new (limit?: number) => Memory;
  return new Memory(limit);
}

/**
 * Asks a memory for what a trace asked for, sizes times `scale`, moving blocks together where one fits nowhere, and gives
 * all back at the end.
 */
export function replay(memory: Memory, events: readonly Event[], scale: number, look = () => {}): void {
  const blocks: {address: number; moved(address: number): void}[] = [];
  const live = new Set<number>();
  const allocate = (bytes: number, isMovable: boolean) => {
    const block = {
      address: 0,
      moved(address: number) {
        block.address = address;
      },
    };
    const owner = isMovable ? block : undefined;
    try {
      block.address = memory.allocate(bytes, owner);
    } catch (error) {
      if (!memory.makeRoom(bytes)) throw error;
      block.address = memory.allocate(bytes, owner);
    }
    live.add(blocks.length);
    blocks.push(block);
  };
  const free = (number: number) => {
    live.delete(number);
    memory.free(blocks[number].address);
  };
  for (const event of events) {
    if ('freed' in event) free(event.freed);
    else allocate(scale * event.bytes, event.isMovable);
    look();
  }
  for (const number of [...live]) free(number);
}
