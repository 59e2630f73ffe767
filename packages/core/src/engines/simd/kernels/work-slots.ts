import type {SimdBackend} from '../backend';
import type {Borrowed} from './borrowed';

/** Bytes from a slot's flag to the next; see `assembly/work-slots.ts`. */
const FLAG_BYTES = 64;

/** A slot of memory for each thread, as a job's last arguments: where they are, how many, and the bytes of each. */
export function workSlots(backend: SimdBackend, borrowed: Borrowed, bytes: number): [number, number, number] {
  const {count} = backend.threads;
  const flags = FLAG_BYTES * count;
  const address = borrowed.floats((flags + count * bytes) / 4);
  backend.memoryBlocks.bytes.fill(0, address, address + flags);
  return [address, count, bytes];
}
