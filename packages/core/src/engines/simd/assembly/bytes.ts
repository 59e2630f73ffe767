/** Runs of bytes, copied and filled. Short ones are common, so they take no loop over single bytes. */

/** From this many bytes on, the machine's own copy is faster than a loop. */
@inline const LONG: usize = 1024;

/** Copies `count` bytes between places that do not overlap. */
export function copyBytes(from: usize, to: usize, count: usize): void {
  if (count >= LONG) {
    memory.copy(to, from, count);
    return;
  }
  if (count < 16) return copyShort(from, to, count);
  // The last vector may overlap the one before it.
  const last = count - 16;
  for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
  v128.store(to + last, v128.load(from + last));
}

function copyShort(from: usize, to: usize, count: usize): void {
  if (count >= 8) {
    const last = load<u64>(from + count - 8);
    store<u64>(to, load<u64>(from));
    store<u64>(to + count - 8, last);
  } else if (count >= 4) {
    const last = load<u32>(from + count - 4);
    store<u32>(to, load<u32>(from));
    store<u32>(to + count - 4, last);
  } else for (let i: usize = 0; i < count; i++) store<u8>(to + i, load<u8>(from + i));
}

/** Fills `count` bytes with a pattern of 4 equal lanes or 16 equal bytes; a lane is never cut. */
export function fillBytes(to: usize, pattern: v128, count: usize): void {
  if (count < 16) {
    let i: usize = 0;
    for (; i + 4 <= count; i += 4) v128.store32_lane(to + i, pattern, 0);
    for (; i < count; i++) v128.store8_lane(to + i, pattern, 0);
    return;
  }
  const last = count - 16;
  for (let i: usize = 0; i < last; i += 16) v128.store(to + i, pattern);
  v128.store(to + last, pattern);
}
