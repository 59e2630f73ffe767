/**
 * Attention in tiles, with memory linear in the number of keys: for each tile of queries, the tiles of keys are gone
 * through once, with a running maximum m and sum l per query (Milakov and Gimelshein 2018; Dao et al. 2022):
 *
 *     m' = max(m, rowmax S);   l' = l e^(m - m') + rowsum e^(S - m');   out' = out e^(m - m') + e^(S - m') v
 *     end:  out / l,   logSumExp = m + log l
 */
import {additiveAt, Additive, AttentionShape, BK, BQ, finishScores, multiplyTile, ROW, TILE} from './attention-tiles';
import {exp4} from './math';
import {scratch} from './runtime';

@unmanaged class AttentionTask extends AttentionShape {
  q: u32;
  /** [batch, key heads] panels of 8 keys, [size][8]. */
  packedKeys: u32;
  /** [batch, key heads] panels of 8 features, [keys][8]. */
  packedValues: u32;
  out: u32;
  logSumExp: u32;
  /** Tiles of queries of a head. */
  tiles: u32;
  keyPanelFloats: u32;
  valuePanelFloats: u32;
  biasAddress: u32;
  biasBatch: u32;
  biasHead: u32;
  biasQuery: u32;
  biasKey: u32;
  maskAddress: u32;
  maskBatch: u32;
  maskHead: u32;
  maskQuery: u32;
  maskKey: u32;
}

/** Piece: a tile of queries of a head of the batch. */
function attentionPiece(args: usize, piece: i32): void {
  const task = changetype<AttentionTask>(args);
  const bias = changetype<Additive>(args + offsetof<AttentionTask>('biasAddress'));
  const mask = changetype<Additive>(args + offsetof<AttentionTask>('maskAddress'));
  const tiles = <usize>task.tiles, numHeads = <usize>task.numHeads, queries = <usize>task.queries, keys = <usize>task.keys;
  const size = <usize>task.size, valueSize = <usize>task.valueSize;
  const row = <usize>piece / tiles;
  const batch = row / numHeads, head = row % numHeads;
  const keyRow = row / <usize>task.group;
  const firstQuery = (<usize>piece % tiles) * BQ;
  const rows = min(BQ, queries - firstQuery);
  const q = <usize>task.q + (((row * queries + firstQuery) * size) << 2);
  const out = <usize>task.out + (((row * queries + firstQuery) * valueSize) << 2);
  const lse = <usize>task.logSumExp + ((row * queries + firstQuery) << 2);
  const packedKeys = <usize>task.packedKeys + ((keyRow * <usize>task.keyPanelFloats) << 2);
  const packedValues = <usize>task.packedValues + ((keyRow * <usize>task.valuePanelFloats) << 2);
  const s = scratch, maxima = scratch + TILE, sums = maxima + (BQ << 2);
  const causal = task.causal != 0;
  /** How many keys query 0 of the tile sees, less one. */
  const offset = <i32>firstQuery + <i32>keys - <i32>queries;

  memory.fill(out, 0, (rows * valueSize) << 2);
  for (let i: usize = 0; i < rows; i++) {
    store<f32>(maxima + (i << 2), -Infinity);
    store<f32>(sums + (i << 2), 0);
  }
  for (let key: usize = 0; key < keys; key += BK) {
    const first = offset - <i32>key;
    if (causal && first + <i32>rows <= 0) break;
    const columns = min(BK, keys - key);
    multiplyTile(q, size << 2, packedKeys + ((key * size) << 2), size, size, columns, s, ROW, rows, false);
    finishScores(s, rows, columns, task.scale, bias, additiveAt(bias, batch, head, firstQuery, key), mask, additiveAt(mask, batch, head, firstQuery, key), causal, first);
    for (let i: usize = 0; i < rows; i++) softmaxRow(s + i * ROW, columns, maxima + (i << 2), sums + (i << 2), out + ((i * valueSize) << 2), valueSize);
    multiplyTile(s, ROW, packedValues + (key << 5), keys, columns, valueSize, out, valueSize << 2, rows, true);
  }
  for (let i: usize = 0; i < rows; i++) {
    const l = load<f32>(sums + (i << 2));
    const m = load<f32>(maxima + (i << 2));
    scaleRow(out + ((i * valueSize) << 2), valueSize, l > 0 ? 1 / l : 0);
    store<f32>(lse + (i << 2), l > 0 ? m + Mathf.log(l) : -Infinity);
  }
}

/** Replaces a row's scores by e^(S - m'), and brings its sum and its output so far to the new maximum m'. */
function softmaxRow(s: usize, columns: usize, maximum: usize, sum: usize, out: usize, valueSize: usize): void {
  const before = load<f32>(maximum);
  let m = before;
  for (let j: usize = 0; j < columns; j++) {
    const value = load<f32>(s + (j << 2));
    // NaN must go on: it is neither larger nor smaller.
    if (!(value <= m)) m = value;
  }
  if (m == -Infinity) {
    memory.fill(s, 0, columns << 2);
    return;
  }
  const shift = f32x4.splat(m);
  let total = f32x4.splat(0);
  let j: usize = 0;
  for (; j + 4 <= columns; j += 4) {
    const p = exp4(f32x4.sub(v128.load(s + (j << 2)), shift));
    v128.store(s + (j << 2), p);
    total = f32x4.add(total, p);
  }
  let l = (f32x4.extract_lane(total, 0) + f32x4.extract_lane(total, 1)) + (f32x4.extract_lane(total, 2) + f32x4.extract_lane(total, 3));
  for (; j < columns; j++) {
    const p = f32x4.extract_lane(exp4(f32x4.splat(load<f32>(s + (j << 2)) - m)), 0);
    store<f32>(s + (j << 2), p);
    l += p;
  }
  const correction = f32x4.extract_lane(exp4(f32x4.splat(before - m)), 0);
  if (correction != 1) scaleRow(out, valueSize, correction);
  store<f32>(sum, load<f32>(sum) * correction + l);
  store<f32>(maximum, m);
}

function scaleRow(x: usize, length: usize, by: f32): void {
  const factor = f32x4.splat(by);
  let j: usize = 0;
  for (; j + 4 <= length; j += 4) v128.store(x + (j << 2), f32x4.mul(v128.load(x + (j << 2)), factor));
  for (; j < length; j++) store<f32>(x + (j << 2), load<f32>(x + (j << 2)) * by);
}

export function jobAttention(): u32 {
  return attentionPiece.index;
}
