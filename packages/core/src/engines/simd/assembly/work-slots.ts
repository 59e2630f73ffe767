/**
 * Memory of a thread's own for pieces that need more than its scratch: as many slots as there are threads, of which each
 * piece takes one that is free. The flags of the slots come first, then the slots.
 */

/** Bytes from a slot's flag to the next. */
@inline export const FLAG_BYTES: usize = 64;

/** The slot that this thread had last, whose memory its cache may still hold. */
let latest: i32 = 0;

/** The address of a slot's flag that is now this piece's; waits where all are taken, as there may be more threads. */
export function takeSlot(slots: usize, count: i32): i32 {
  let slot = latest < count ? latest : 0;
  while (atomic.cmpxchg<i32>(slots + <usize>slot * FLAG_BYTES, 0, 1) != 0) slot = slot + 1 < count ? slot + 1 : 0;
  latest = slot;
  return slot;
}

export function giveBackSlot(slots: usize, slot: i32): void {
  atomic.store<i32>(slots + <usize>slot * FLAG_BYTES, 0);
}
