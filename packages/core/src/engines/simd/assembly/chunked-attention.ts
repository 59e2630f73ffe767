/**
 * Chunked attention, one round after the other: of each chunk the scores with its window, their softmax and the sum of values,
 * put together with what the rounds before found by the largest score m and the sum l:
 *
 *     m' = max(m, rowmax S);   l' = l e^(m - m') + rowsum e^(S - m');   out' = out e^(m - m') + e^(S - m') v;   end: out / l
 */
import {exponentials, largest} from './attention-scores';
import {addProduct} from './attention-tiles';
import {
  ChunkShape, chunkPositions, gatherAcross, gatherDown, gatherRows, productWithPanels, replaceScores, slotMemory, upTo, windowLength,
  windowPositions,
} from './chunk-window';
import {expNegative4} from './math';
import {sumLanes} from './row-parts';
import {giveBackSlot, takeSlot} from './work-slots';

@unmanaged class ChunkedAttentionTask extends ChunkShape {
  out: u32;
  largest: u32;
  total: u32;
  round: u32;
  /** Chunks of a piece, and pieces of a round of a head of the batch. */
  pieceChunks: u32;
  pieces: u32;
  slots: u32;
  slotCount: u32;
  slotBytes: u32;
}

/** Piece: some chunks of a round of a head of the batch. */
function chunkedAttentionPiece(args: usize, piece: i32): void {
  const task = changetype<ChunkedAttentionTask>(args);
  const row = <usize>piece / <usize>task.pieces, perRound = <i32>(task.time / task.chunk);
  const from = piece % <i32>task.pieces * <i32>task.pieceChunks, to = min(perRound, from + <i32>task.pieceChunks);
  const slot = takeSlot(<usize>task.slots, <i32>task.slotCount);
  const own = slotMemory(<usize>task.slots, task.slotCount, task.slotBytes, slot);
  for (let chunk = from; chunk < to; chunk++) attendChunk(task, row, <i32>task.round * perRound + chunk, own);
  giveBackSlot(<usize>task.slots, slot);
}

function attendChunk(task: ChunkedAttentionTask, row: usize, chunk: i32, slot: usize): void {
  const c = <usize>task.chunk, size = <usize>task.size, valueSize = <usize>task.valueSize;
  const length = windowLength(task), width = upTo(length, 8), time = <usize>task.time;
  const own = slot, positions = own + (upTo(c, 4) << 2), hidden = positions + (width << 2), q = hidden + (width << 2);
  const rows = q + (upTo(c * size, 4) << 2), keys = rows + (upTo(8 * size, 4) << 2), values = keys + ((width * size) << 2);
  const s = values + ((width * upTo(valueSize, 8)) << 2), found = s + (width << 4);

  chunkPositions(task, row, chunk, own);
  windowPositions(task, row, chunk, positions, hidden);
  gatherRows(<usize>task.q + ((row * time * size) << 2), size, own, c, q);
  gatherAcross(<usize>task.k + ((row * time * size) << 2), size, positions, length, rows, keys);
  gatherDown(<usize>task.v + ((row * time * valueSize) << 2), valueSize, positions, length, width, values);
  for (let i: usize = 0; i < c; i += 4) {
    const count = min(4, c - i);
    productWithPanels(q + ((i * size) << 2), size, keys, width, s, count);
    memory.fill(found, 0, (count * valueSize) << 2);
    for (let r: usize = 0; r < count; r++)
      replaceScores(task, s + ((r * width) << 2), load<i32>(own + ((i + r) << 2)), positions, hidden, length, width);
    let maxima = f32x4.splat(0), sums = f32x4.splat(0);
    for (let r: usize = 0; r < count; r++) {
      const start = s + ((r * width) << 2), end = start + (width << 2), top = topLane(largest(start, end));
      const sum = sumLanes(exponentials(start, end, f32x4.splat(top)));
      maxima = withLane(maxima, r, top);
      sums = withLane(sums, r, sum);
    }
    addProduct(s, width << 2, length, values, width, found, valueSize, count);
    for (let r: usize = 0; r < count; r++) {
      const place = row * time + <usize>load<i32>(own + ((i + r) << 2));
      merge(task, place, found + ((r * valueSize) << 2), laneOf(maxima, r), laneOf(sums, r));
    }
  }
}

/** Adds what a round found of a query to what those before it found. */
function merge(task: ChunkedAttentionTask, place: usize, found: usize, top: f32, sum: f32): void {
  const length = <usize>task.valueSize, out = <usize>task.out + ((place * length) << 2);
  const tops = <usize>task.largest + (place << 2), totals = <usize>task.total + (place << 2);
  let m = top, l = sum, a: f32 = 0, b: f32 = 1;
  if (task.round > 0) {
    const before = load<f32>(tops);
    m = max(top, before);
    a = exponential(before - m);
    b = exponential(top - m);
    l = load<f32>(totals) * a + sum * b;
  }
  store<f32>(tops, m);
  store<f32>(totals, l);
  if (task.round == task.rounds - 1) {
    a /= l;
    b /= l;
  }
  const first = task.round == 0;
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) {
    const x = f32x4.mul(v128.load(found + (i << 2)), f32x4.splat(b));
    v128.store(out + (i << 2), first ? x : f32x4.add(x, f32x4.mul(v128.load(out + (i << 2)), f32x4.splat(a))));
  }
  for (; i < length; i++) {
    const x = load<f32>(found + (i << 2)) * b;
    store<f32>(out + (i << 2), first ? x : x + load<f32>(out + (i << 2)) * a);
  }
}

@inline function exponential(x: f32): f32 {
  return f32x4.extract_lane(expNegative4(f32x4.splat(x)), 0);
}

@inline function topLane(x: v128): f32 {
  const two = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(two, v128.shuffle<f32>(two, two, 1, 0, 3, 2)), 0);
}

@inline function withLane(x: v128, lane: usize, value: f32): v128 {
  if (lane == 0) return f32x4.replace_lane(x, 0, value);
  if (lane == 1) return f32x4.replace_lane(x, 1, value);
  if (lane == 2) return f32x4.replace_lane(x, 2, value);
  return f32x4.replace_lane(x, 3, value);
}

@inline function laneOf(x: v128, lane: usize): f32 {
  if (lane == 0) return f32x4.extract_lane(x, 0);
  if (lane == 1) return f32x4.extract_lane(x, 1);
  if (lane == 2) return f32x4.extract_lane(x, 2);
  return f32x4.extract_lane(x, 3);
}

export function jobChunkedAttention(): u32 {
  return chunkedAttentionPiece.index;
}
