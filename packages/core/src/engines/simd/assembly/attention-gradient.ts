/**
 * The gradient of attention in tiles: the probabilities P = e^(S - logSumExp) are computed again, not stored. With
 * Δ = Σ dout · out - dlogSumExp of a query, for each tile of queries and keys
 *
 *     dS = P (dout vᵀ - Δ);   dq += scale dS k;   dk += scale dSᵀ q;   dv += Pᵀ dout
 *
 * The scale is in the packed keys and queries.
 */
import {AttentionShape, BK, endKey, firstKey, nextTile, presentKeys} from './attention-shape';
import {addProduct, BQ, endColumn, findColumns, firstColumn, productOfQuad, ROW, scoresOfQuad} from './attention-tiles';
import {expNegative4} from './math';
import {scratch} from './runtime';
import {transpose4} from './simd';

@unmanaged class GradientTask extends AttentionShape {
  q: u32;
  out: u32;
  logSumExp: u32;
  dOut: u32;
  dLogSumExp: u32;
  /** Keys and values as B = kᵀ, vᵀ: panels of 8 keys, [size][8]. */
  keysAcross: u32;
  valuesAcross: u32;
  /** Keys as B = k: panels of 8 features, [keys][8]. */
  keysDown: u32;
  /** Queries and dout as B: panels of 8 features, [queries][8], for each head. */
  queriesDown: u32;
  dOutDown: u32;
  /** Floats from one head to the next in each of the packed matrices. */
  keysAcrossFloats: u32;
  valuesAcrossFloats: u32;
  keysDownFloats: u32;
  queriesDownFloats: u32;
  dOutDownFloats: u32;
  /** As many as there are parts, `dqFloats` apart: their sum is the gradient. */
  dq: u32;
  dqFloats: u32;
  dk: u32;
  dv: u32;
  /** Parts of the keys of a head, each of `partKeys` keys, a multiple of BK. */
  parts: u32;
  partKeys: u32;
}

/** Bytes from one key's values of a transposed tile to the next, and of a tile. */
@inline const ACROSS: usize = <usize>BQ << 2;
@inline const TILE: usize = <usize>BQ * ROW;

/** Piece: a part of the keys of a key head of the batch, with all query heads that share it. */
function gradientPiece(args: usize, piece: i32): void {
  const task = changetype<GradientTask>(args);
  const keyRow = <usize>piece / <usize>task.parts, part = piece % <i32>task.parts;
  const start = part * <i32>task.partKeys, end = min(<i32>task.keys, start + <i32>task.partKeys);
  const place = keyRow * <usize>task.keys + <usize>start, count = <usize>(end - start);
  memory.fill(<usize>task.dk + ((place * <usize>task.size) << 2), 0, (count * <usize>task.size) << 2);
  memory.fill(<usize>task.dv + ((place * <usize>task.valueSize) << 2), 0, (count * <usize>task.valueSize) << 2);
  const dq = <usize>task.dq + ((<usize>part * <usize>task.dqFloats) << 2);
  for (let i: usize = 0; i < <usize>task.group; i++)
    for (let query = 0; query < <i32>task.queries; query += BQ)
      queryTile(task, keyRow, keyRow * <usize>task.group + i, query, start, end, dq);
}

/** A tile of queries with the keys [start, end). */
function queryTile(task: GradientTask, keyRow: usize, row: usize, firstQuery: i32, start: i32, end: i32, dqPart: usize): void {
  const queries = <usize>task.queries, keys = <usize>task.keys, size = <usize>task.size, valueSize = <usize>task.valueSize;
  const rows = min(BQ, <i32>queries - firstQuery), place = row * queries + <usize>firstQuery;
  const q = <usize>task.q + ((place * size) << 2), dOut = <usize>task.dOut + ((place * valueSize) << 2), dq = dqPart + ((place * size) << 2);
  const keysAcross = <usize>task.keysAcross + ((keyRow * <usize>task.keysAcrossFloats) << 2);
  const valuesAcross = <usize>task.valuesAcross + ((keyRow * <usize>task.valuesAcrossFloats) << 2);
  const keysDown = <usize>task.keysDown + ((keyRow * <usize>task.keysDownFloats) << 2);
  const p = scratch, ds = p + TILE, shifts = ds + 3 * TILE, deltas = shifts + ACROSS;
  const present = presentKeys(task), first = firstKey(task, present, firstQuery);
  const last = min(end, endKey(task, present, firstQuery + rows - 1));

  memory.fill(dq, 0, (<usize>rows * size) << 2);
  let key = nextTile(task, start, first);
  if (key < last) rowConstants(task, place, rows, shifts, deltas);
  for (; key < last; key = nextTile(task, key + BK, first)) {
    for (let i = 0; i < rows; i += 4) {
      const count = min(4, rows - i), offset = <usize>i * ROW;
      if (!findColumns(task, present, firstQuery + i, count, key)) {
        memory.fill(p + offset, 0, 4 * ROW);
        memory.fill(ds + offset, 0, 4 * ROW);
        continue;
      }
      scoresOfQuad(task, present, row, firstQuery + i, count, key, q + ((<usize>i * size) << 2), keysAcross, p + offset);
      productOfQuad(dOut + ((<usize>i * valueSize) << 2), valueSize, valuesAcross + ((<usize>key * valueSize) << 2), ds + offset, count);
      for (let r = 0; r < count; r++) {
        const at = <usize>(i + r);
        gradientRow(p + at * ROW, ds + at * ROW, v128.load32_splat(shifts + (at << 2)), v128.load32_splat(deltas + (at << 2)));
      }
      addProduct(
        ds + offset + (<usize>firstColumn << 2), ROW, endColumn - firstColumn,
        keysDown + (<usize>(key + firstColumn) << 5), keys, dq + ((<usize>i * size) << 2), size, count,
      );
    }
    keyGradients(task, keyRow, row, present, firstQuery, rows, key, min(BK, present - key));
  }
}

/** Of each query: the log-sum-exp, infinity where there is no key, so that all probabilities are 0; and Δ. */
function rowConstants(task: GradientTask, place: usize, rows: i32, shifts: usize, deltas: usize): void {
  const valueSize = <usize>task.valueSize;
  for (let i: usize = 0; i < <usize>rows; i++) {
    const lse = load<f32>(<usize>task.logSumExp + ((place + i) << 2)), isEmpty = lse == -Infinity;
    const at = ((place + i) * valueSize) << 2;
    const sum = dot(<usize>task.dOut + at, <usize>task.out + at, valueSize);
    store<f32>(shifts + (i << 2), isEmpty ? Infinity : lse);
    store<f32>(deltas + (i << 2), isEmpty ? 0 : sum - load<f32>(<usize>task.dLogSumExp + ((place + i) << 2)));
  }
}

/** In a quad's columns: scores to probabilities, and products dout · v to dS; 0 in the others. */
function gradientRow(p: usize, ds: usize, shift: v128, delta: v128): void {
  const start = <usize>firstColumn << 2, end = <usize>((endColumn + 3) & -4) << 2;
  if (start > 0) {
    memory.fill(p, 0, start);
    memory.fill(ds, 0, start);
  }
  for (let j = start; j < end; j += 16) {
    const probability = expNegative4(f32x4.sub(v128.load(p + j), shift));
    v128.store(p + j, probability);
    v128.store(ds + j, f32x4.mul(probability, f32x4.sub(v128.load(ds + j), delta)));
  }
  if (end < ROW) {
    memory.fill(p + end, 0, ROW - end);
    memory.fill(ds + end, 0, ROW - end);
  }
}

/** What a tile of queries adds to dk and dv of `columns` keys; P and dS are at the start of the scratch memory. */
function keyGradients(
  task: GradientTask, keyRow: usize, row: usize, present: i32, firstQuery: i32, rows: i32, key: i32, columns: i32,
): void {
  const size = <usize>task.size, valueSize = <usize>task.valueSize, queries = <usize>task.queries;
  const place = keyRow * <usize>task.keys + <usize>key;
  const dk = <usize>task.dk + ((place * size) << 2), dv = <usize>task.dv + ((place * valueSize) << 2);
  const queriesDown = <usize>task.queriesDown + ((row * <usize>task.queriesDownFloats) << 2);
  const dOutDown = <usize>task.dOutDown + ((row * <usize>task.dOutDownFloats) << 2);
  const p = scratch, ds = p + TILE, pAcross = ds + TILE, dsAcross = pAcross + TILE;
  transposeTile(p, rows, columns, pAcross);
  transposeTile(ds, rows, columns, dsAcross);
  for (let j = 0; j < columns; j += 4) {
    // The query of the tile that is at the position of these keys: those before it do not see them.
    const own = key + j + <i32>queries - present - firstQuery;
    const from = task.causal ? max(0, own) : 0;
    const to = task.window && key + j >= <i32>task.sinks ? min(rows, own + 3 + <i32>task.window) : rows;
    if (from >= to) continue;
    const count = min(4, columns - j), at = <usize>j * ACROSS + (<usize>from << 2), panel = <usize>(firstQuery + from) << 5;
    addProduct(dsAcross + at, ACROSS, to - from, queriesDown + panel, queries, dk + ((<usize>j * size) << 2), size, count);
    addProduct(pAcross + at, ACROSS, to - from, dOutDown + panel, queries, dv + ((<usize>j * valueSize) << 2), valueSize, count);
  }
}

/** [rows of 64] to [columns of 32]. */
function transposeTile(from: usize, rows: i32, columns: i32, to: usize): void {
  for (let i = 0; i < rows; i += 4)
    for (let j = 0; j < columns; j += 4) transpose4(from + <usize>i * ROW + (<usize>j << 2), ROW, to + <usize>j * ACROSS + (<usize>i << 2), ACROSS);
}

function dot(a: usize, b: usize, length: usize): f32 {
  let sum = f32x4.splat(0);
  let j: usize = 0;
  for (; j + 4 <= length; j += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(a + (j << 2)), v128.load(b + (j << 2))));
  let total = (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
  for (; j < length; j++) total += load<f32>(a + (j << 2)) * load<f32>(b + (j << 2));
  return total;
}

export function jobAttentionGradient(): u32 {
  return gradientPiece.index;
}
