/** Counting sort of small whole numbers: the places of a row's keys in ascending order. */
import {giveBackSlot, takeSlot, FLAG_BYTES} from './work-slots';

@unmanaged class StableOrderTask {
  /** [rows][length] int32 */
  keys: u32;
  order: u32;
  length: u32;
  bound: u32;
  /** Room for a count of each key, for each thread. */
  slots: u32;
  slotCount: u32;
  slotBytes: u32;
}

/** Piece: a row. */
function stableOrderPiece(args: usize, piece: i32): void {
  const task = changetype<StableOrderTask>(args);
  const length = <usize>task.length, last = <i32>task.bound - 1;
  const keys = <usize>task.keys + ((<usize>piece * length) << 2), order = <usize>task.order + ((<usize>piece * length) << 2);
  const slot = takeSlot(<usize>task.slots, <i32>task.slotCount);
  const counts = <usize>task.slots + <usize>task.slotCount * FLAG_BYTES + <usize>slot * <usize>task.slotBytes;
  memory.fill(counts, 0, <usize>task.bound << 2);
  for (let i: usize = 0; i < length; i++) {
    const at = counts + (<usize>keyAt(keys, i, last) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  // Where the places of each key begin.
  let start = 0;
  for (let at = counts, end = counts + (<usize>task.bound << 2); at < end; at += 4) {
    const count = load<i32>(at);
    store<i32>(at, start);
    start += count;
  }
  for (let i: usize = 0; i < length; i++) {
    const at = counts + (<usize>keyAt(keys, i, last) << 2), place = load<i32>(at);
    store<i32>(at, place + 1);
    store<i32>(order + (<usize>place << 2), <i32>i);
  }
  giveBackSlot(<usize>task.slots, slot);
}

/** A key, within the bound: what lies beyond would be counted in memory of others. */
@inline function keyAt(keys: usize, i: usize, last: i32): i32 {
  return max(0, min(last, load<i32>(keys + (i << 2))));
}

export function jobStableOrder(): u32 {
  return stableOrderPiece.index;
}
