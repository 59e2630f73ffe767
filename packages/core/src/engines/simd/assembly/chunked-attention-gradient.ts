/**
 * The gradient of chunked attention, chunk by chunk: P = e^(S - largest) / total is computed again, not stored. With
 * Δ = Σ dout · out of a query
 *
 *     dS = P (dout vᵀ - Δ), 0 where S was replaced;   dq += dS k;   dk += dSᵀ q;   dv += Pᵀ dout
 */
import {addProduct} from './attention-tiles';
import {
  ChunkShape, chunkPositions, clearReplaced, gatherAcross, gatherDown, gatherRows, productWithPanels, replaceScores, slotMemory, upTo,
  windowLength, windowPositions,
} from './chunk-window';
import {expNegative4} from './math';
import {sumLanes} from './row-parts';
import {transpose4} from './simd';
import {giveBackSlot, takeSlot} from './work-slots';

@unmanaged class ChunkedGradientTask extends ChunkShape {
  out: u32;
  largest: u32;
  total: u32;
  dOut: u32;
  dq: u32;
  dk: u32;
  dv: u32;
  slots: u32;
  slotCount: u32;
  slotBytes: u32;
}

/** Piece: a head of the batch, as chunks that are near each other add to the gradients of the same keys. */
function chunkedGradientPiece(args: usize, piece: i32): void {
  const task = changetype<ChunkedGradientTask>(args);
  const row = <usize>piece, time = <usize>task.time, size = <usize>task.size, valueSize = <usize>task.valueSize;
  const place = row * time;
  memory.fill(<usize>task.dq + ((place * size) << 2), 0, (time * size) << 2);
  memory.fill(<usize>task.dk + ((place * size) << 2), 0, (time * size) << 2);
  memory.fill(<usize>task.dv + ((place * valueSize) << 2), 0, (time * valueSize) << 2);
  const slot = takeSlot(<usize>task.slots, <i32>task.slotCount);
  const memoryOf = slotMemory(<usize>task.slots, task.slotCount, task.slotBytes, slot);
  const count = <i32>(<usize>task.rounds * time / <usize>task.chunk);
  for (let chunk = 0; chunk < count; chunk++) chunkGradient(task, row, chunk, memoryOf);
  giveBackSlot(<usize>task.slots, slot);
}

function chunkGradient(task: ChunkedGradientTask, row: usize, chunk: i32, slot: usize): void {
  const c = <usize>task.chunk, size = <usize>task.size, valueSize = <usize>task.valueSize, time = <usize>task.time;
  const length = windowLength(task), width = upTo(length, 8), high = upTo(c, 4), most = max(size, valueSize);
  const own = slot, positions = own + (high << 2), hidden = positions + (width << 2), rows = hidden + (width << 2);
  const q = rows + ((8 * upTo(most, 4)) << 2), dOut = q + ((high * upTo(size, 4)) << 2);
  const qDown = dOut + ((high * upTo(valueSize, 4)) << 2), dOutDown = qDown + ((high * upTo(size, 8)) << 2);
  const kAcross = dOutDown + ((high * upTo(valueSize, 8)) << 2), vAcross = kAcross + ((width * size) << 2);
  const kDown = vAcross + ((width * valueSize) << 2), p = kDown + ((width * upTo(size, 8)) << 2);
  const tile = (high * width) << 2, ds = p + tile, pAcross = ds + tile, dsAcross = pAcross + tile;

  const qs = <usize>task.q + ((row * time * size) << 2), ks = <usize>task.k + ((row * time * size) << 2);
  const vs = <usize>task.v + ((row * time * valueSize) << 2), dOuts = <usize>task.dOut + ((row * time * valueSize) << 2);
  chunkPositions(task, row, chunk, own);
  windowPositions(task, row, chunk, positions, hidden);
  gatherRows(qs, size, own, c, q);
  gatherRows(dOuts, valueSize, own, c, dOut);
  gatherDown(qs, size, own, c, high, qDown);
  gatherDown(dOuts, valueSize, own, c, high, dOutDown);
  gatherAcross(ks, size, positions, length, rows, kAcross);
  gatherAcross(vs, valueSize, positions, length, rows, vAcross);
  gatherDown(ks, size, positions, length, width, kDown);

  for (let i: usize = 0; i < c; i += 4) {
    const count = min(4, c - i), at = (i * width) << 2;
    if (count < 4) {
      memory.fill(p + at, 0, width << 4);
      memory.fill(ds + at, 0, width << 4);
    }
    productWithPanels(q + ((i * size) << 2), size, kAcross, width, p + at, count);
    productWithPanels(dOut + ((i * valueSize) << 2), valueSize, vAcross, width, ds + at, count);
    for (let r: usize = 0; r < count; r++) {
      const position = load<i32>(own + ((i + r) << 2)), place = row * time + <usize>position, scores = at + ((r * width) << 2);
      replaceScores(task, p + scores, position, positions, hidden, length, width);
      const delta = dot(dOut + (((i + r) * valueSize) << 2), <usize>task.out + ((place * valueSize) << 2), valueSize);
      gradientRow(p + scores, ds + scores, width, load<f32>(<usize>task.largest + (place << 2)), load<f32>(<usize>task.total + (place << 2)), delta);
      clearReplaced(task, ds + scores, position, positions, hidden, width);
    }
    memory.fill(rows, 0, (count * size) << 2);
    addProduct(ds + at, width << 2, length, kDown, width, rows, size, count);
    for (let r: usize = 0; r < count; r++)
      addTo(<usize>task.dq + (((row * time + <usize>load<i32>(own + ((i + r) << 2))) * size) << 2), rows + ((r * size) << 2), size);
  }
  transposeTile(p, high, width, pAcross);
  transposeTile(ds, high, width, dsAcross);
  for (let j: usize = 0; j < length; j += 4) {
    const count = min(4, length - j), at = (j * high) << 2;
    scatterProduct(dsAcross + at, high, c, qDown, rows, size, count, positions + (j << 2), <usize>task.dk + ((row * time * size) << 2));
    scatterProduct(pAcross + at, high, c, dOutDown, rows, valueSize, count, positions + (j << 2), <usize>task.dv + ((row * time * valueSize) << 2));
  }
}

/** Adds up to 4 rows of a, each of `depth` values, times panels to the rows of x [time, size] at their positions. */
function scatterProduct(a: usize, step: usize, depth: usize, panels: usize, rows: usize, size: usize, count: usize, positions: usize, x: usize): void {
  memory.fill(rows, 0, (count * size) << 2);
  addProduct(a, step << 2, depth, panels, step, rows, size, count);
  for (let r: usize = 0; r < count; r++) addTo(x + ((<usize>load<i32>(positions + (r << 2)) * size) << 2), rows + ((r * size) << 2), size);
}

/** Scores to probabilities, and products dout · v to dS. */
function gradientRow(p: usize, ds: usize, width: usize, top: f32, total: f32, delta: f32): void {
  const shift = f32x4.splat(top), share = f32x4.splat(1 / total), less = f32x4.splat(delta);
  for (let j: usize = 0; j < width << 2; j += 16) {
    const probability = f32x4.mul(expNegative4(f32x4.sub(v128.load(p + j), shift)), share);
    v128.store(p + j, probability);
    v128.store(ds + j, f32x4.mul(probability, f32x4.sub(v128.load(ds + j), less)));
  }
}

/** [height of width] to [width of height], multiples of 4. */
function transposeTile(from: usize, height: usize, width: usize, to: usize): void {
  for (let i: usize = 0; i < height; i += 4)
    for (let j: usize = 0; j < width; j += 4) transpose4(from + ((i * width + j) << 2), width << 2, to + ((j * height + i) << 2), height << 2);
}

function addTo(to: usize, x: usize, length: usize): void {
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) v128.store(to + (i << 2), f32x4.add(v128.load(to + (i << 2)), v128.load(x + (i << 2))));
  for (; i < length; i++) store<f32>(to + (i << 2), load<f32>(to + (i << 2)) + load<f32>(x + (i << 2)));
}

function dot(a: usize, b: usize, length: usize): f32 {
  let sum = f32x4.splat(0);
  let j: usize = 0;
  for (; j + 4 <= length; j += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(a + (j << 2)), v128.load(b + (j << 2))));
  let total = sumLanes(sum);
  for (; j < length; j++) total += load<f32>(a + (j << 2)) * load<f32>(b + (j << 2));
  return total;
}

export function jobChunkedAttentionGradient(): u32 {
  return chunkedGradientPiece.index;
}
