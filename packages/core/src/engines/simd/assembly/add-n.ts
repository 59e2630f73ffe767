/** The sum of many tensors of one shape, in their order. */

@unmanaged class AddNTask {
  to: u32;
  count: u32;
  /** Values of a piece, a multiple of 4. */
  pieceCount: u32;
  /** How many tensors, at least 2; their addresses follow. */
  tensors: u32;
}

/** Values that are summed over all tensors before the next: their sum stays in the cache. */
@inline const BLOCK: usize = 1024;

/** Piece: a range of the values. Whole vectors, since the room of a tensor is a multiple of 16 bytes. */
function addNPiece(args: usize, piece: i32): void {
  const task = changetype<AddNTask>(args);
  const first = <usize>piece * <usize>task.pieceCount;
  const end = min(first + <usize>task.pieceCount, <usize>task.count);
  const addresses = args + offsetof<AddNTask>(), to = <usize>task.to;
  for (let i = first; i < end; i += BLOCK) {
    const count = <isize>min(BLOCK, end - i), offset = i << 2;
    add(load<u32>(addresses) + offset, load<u32>(addresses, 4) + offset, to + offset, count);
    for (let j: usize = 2; j < <usize>task.tensors; j++) add(to + offset, load<u32>(addresses + (j << 2)) + offset, to + offset, count);
  }
}

function add(a: usize, b: usize, to: usize, count: isize): void {
  for (; count > 0; count -= 4, a += 16, b += 16, to += 16) v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
}

export function jobAddN(): u32 {
  return addNPiece.index;
}
