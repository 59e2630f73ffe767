/**
 * What both directions of chunked attention share: the entries of a chunk and of the chunks that it sees are gathered by
 * their positions, packed into panels of 8, multiplied, and scores that do not count are replaced.
 */
import {fullTile, tile} from './gemm';
import {transpose4} from './simd';
import {FLAG_BYTES} from './work-slots';

/** The fields of `kernels/chunked-attention.ts`, in the same order. */
@unmanaged export class ChunkShape {
  q: u32;
  k: u32;
  v: u32;
  /** [batch heads][rounds][time] positions; 0: one round in the order of the positions. */
  order: u32;
  /** [batch][time] int32, above 0 where a key may be seen; 0: all may. */
  mask: u32;
  heads: u32;
  time: u32;
  rounds: u32;
  size: u32;
  valueSize: u32;
  /** Entries of a chunk. */
  chunk: u32;
  before: u32;
  after: u32;
  causal: u32;
  /** 1: a query's own key scores selfScore. */
  replacesSelf: u32;
  selfScore: f32;
}

/** What a key scores that must not be seen. */
@inline const HIDDEN: f32 = -1e9;
/** Bytes of a panel's row. */
@inline const EIGHT: usize = 32;

@inline export function upTo(x: usize, step: usize): usize {
  return (x + step - 1) / step * step;
}

/** Keys that a chunk sees. */
@inline export function windowLength(task: ChunkShape): usize {
  return <usize>task.chunk * <usize>(task.before + 1 + task.after);
}

/** The memory behind the flags of work slots. */
@inline export function slotMemory(slots: usize, count: u32, bytes: u32, slot: i32): usize {
  return slots + <usize>count * FLAG_BYTES + <usize>slot * <usize>bytes;
}

/** The positions of a chunk's entries, of a head of the batch, to `to`. */
export function chunkPositions(task: ChunkShape, row: usize, chunk: i32, to: usize): void {
  const c = <usize>task.chunk, first = <usize>chunk * c;
  if (task.order) memory.copy(to, <usize>task.order + ((row * <usize>task.rounds * <usize>task.time + first) << 2), c << 2);
  else for (let i: usize = 0; i < c; i++) store<i32>(to + (i << 2), <i32>(first + i));
}

/**
 * The positions of the keys that a chunk sees, and behind them, whether each is hidden (-1) or not (0). Behind the last come
 * entries of no position up to a multiple of 8.
 */
export function windowPositions(task: ChunkShape, row: usize, chunk: i32, to: usize, hidden: usize): void {
  const c = <usize>task.chunk, count = <i32>(<usize>task.rounds * <usize>task.time / c);
  let at = to;
  for (let offset = -<i32>task.before; offset <= <i32>task.after; offset++, at += c << 2) {
    const other = (chunk + offset) % count;
    chunkPositions(task, row, other < 0 ? other + count : other, at);
  }
  const length = windowLength(task), all = upTo(length, 8);
  for (let i = length; i < all; i++) store<i32>(to + (i << 2), -1);
  const mask = <usize>task.mask + ((row / <usize>task.heads * <usize>task.time) << 2);
  for (let i: usize = 0; i < length; i++) {
    const isHidden = task.mask != 0 && load<i32>(mask + (<usize>load<i32>(to + (i << 2)) << 2)) <= 0;
    store<i32>(hidden + (i << 2), isHidden ? -1 : 0);
  }
  for (let i = length; i < all; i++) store<i32>(hidden + (i << 2), 0);
}

/** Rows of x [time, size] at `count` positions, one behind the other. */
export function gatherRows(x: usize, size: usize, positions: usize, count: usize, to: usize): void {
  const bytes = size << 2;
  for (let i: usize = 0; i < count; i++) memory.copy(to + i * bytes, x + <usize>load<i32>(positions + (i << 2)) * bytes, bytes);
}

/** The same rows as panels of 8 of them, [size][8]; zeros where there are no more. `rows` has room for 8 rows. */
export function gatherAcross(x: usize, size: usize, positions: usize, count: usize, rows: usize, to: usize): void {
  const bytes = size << 2;
  for (let first: usize = 0; first < count; first += 8, to += size * EIGHT) {
    const there = min(8, count - first);
    gatherRows(x, size, positions + (first << 2), there, rows);
    if (there < 8) memory.fill(rows + there * bytes, 0, (8 - there) * bytes);
    let i: usize = 0;
    for (; i + 4 <= size; i += 4) {
      transpose4(rows + (i << 2), bytes, to + i * EIGHT, EIGHT);
      transpose4(rows + 4 * bytes + (i << 2), bytes, to + i * EIGHT + 16, EIGHT);
    }
    for (; i < size; i++) for (let j: usize = 0; j < 8; j++) store<f32>(to + i * EIGHT + (j << 2), load<f32>(rows + j * bytes + (i << 2)));
  }
}

/** The same rows as panels of 8 features, [length][8]; zeros behind the last feature and the last row. */
export function gatherDown(x: usize, size: usize, positions: usize, count: usize, length: usize, to: usize): void {
  const bytes = size << 2;
  for (let column: usize = 0; column < size; column += 8, to += length * EIGHT) {
    const there = min(8, size - column);
    let at = to;
    for (let i: usize = 0; i < count; i++, at += EIGHT) {
      const from = x + <usize>load<i32>(positions + (i << 2)) * bytes + (column << 2);
      if (there == 8) {
        v128.store(at, v128.load(from));
        v128.store(at, v128.load(from, 16), 16);
      } else for (let j: usize = 0; j < 8; j++) store<f32>(at + (j << 2), j < there ? load<f32>(from + (j << 2)) : 0);
    }
    memory.fill(at, 0, (length - count) * EIGHT);
  }
}

/** Up to 4 rows of a [rows, depth] times all panels of 8, `width` columns in all, a multiple of 8. */
export function productWithPanels(a: usize, depth: usize, panels: usize, width: usize, to: usize, rows: usize): void {
  const step = depth << 2;
  for (let column: usize = 0; column < width; column += 8, panels += depth * EIGHT) {
    if (rows == 4) fullTile(a, step, panels, depth, to + (column << 2), width << 2, false);
    else tile(a, step, panels, depth, to + (column << 2), width << 2, rows, 8, false);
  }
}

/** Replaces the scores of a query at a position that do not count; behind the window's last key all are -infinity. */
export function replaceScores(task: ChunkShape, s: usize, query: i32, positions: usize, hidden: usize, length: usize, width: usize): void {
  const own = i32x4.splat(query), low = f32x4.splat(HIDDEN), self = f32x4.splat(task.selfScore);
  const causal = i32x4.splat(task.causal ? -1 : 0), replaces = i32x4.splat(task.replacesSelf ? -1 : 0);
  for (let j: usize = 0; j < width << 2; j += 16) {
    const position = v128.load(positions + j);
    const isHidden = v128.or(v128.load(hidden + j), v128.and(causal, i32x4.gt_s(position, own)));
    const score = v128.bitselect(low, v128.load(s + j), isHidden);
    v128.store(s + j, v128.bitselect(self, score, v128.and(replaces, i32x4.eq(position, own))));
  }
  for (let j = length; j < width; j++) store<f32>(s + (j << 2), -Infinity);
}

/** Zeros where {@link replaceScores} replaced something. */
export function clearReplaced(task: ChunkShape, ds: usize, query: i32, positions: usize, hidden: usize, width: usize): void {
  const own = i32x4.splat(query);
  const causal = i32x4.splat(task.causal ? -1 : 0), replaces = i32x4.splat(task.replacesSelf ? -1 : 0);
  for (let j: usize = 0; j < width << 2; j += 16) {
    const position = v128.load(positions + j);
    const isHidden = v128.or(v128.load(hidden + j), v128.and(causal, i32x4.gt_s(position, own)));
    v128.store(ds + j, v128.andnot(v128.load(ds + j), v128.or(isHidden, v128.and(replaces, i32x4.eq(position, own)))));
  }
}
