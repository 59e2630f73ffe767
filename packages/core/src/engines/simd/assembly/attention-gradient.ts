/**
 * The gradient of attention in tiles: the probabilities P = e^(S - logSumExp) are computed again, not stored. With
 * Δ = Σ dout · out - dlogSumExp of a query, for each tile of queries and keys
 *
 *     dS = scale P (dout vᵀ - Δ);   dq += dS k;   dk += dSᵀ q;   dv += Pᵀ dout
 */
import {additiveAt, Additive, AttentionShape, BK, BQ, finishScores, multiplyTile, ROW, TILE} from './attention-tiles';
import {exp4} from './math';
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
  dq: u32;
  dk: u32;
  dv: u32;
  /** Floats from one head to the next in each of the packed matrices. */
  keysAcrossFloats: u32;
  valuesAcrossFloats: u32;
  keysDownFloats: u32;
  queriesDownFloats: u32;
  dOutDownFloats: u32;
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

/** Bytes from one key's values of a transposed tile to the next. */
@inline const ACROSS: usize = BQ << 2;

/** Piece: a key head of the batch, with all query heads that share it. */
function gradientPiece(args: usize, piece: i32): void {
  const task = changetype<GradientTask>(args);
  const keys = <usize>task.keys, size = <usize>task.size, valueSize = <usize>task.valueSize, group = <usize>task.group;
  memory.fill(<usize>task.dk + ((<usize>piece * keys * size) << 2), 0, (keys * size) << 2);
  memory.fill(<usize>task.dv + ((<usize>piece * keys * valueSize) << 2), 0, (keys * valueSize) << 2);
  for (let i: usize = 0; i < group; i++)
    for (let query: usize = 0; query < <usize>task.queries; query += BQ) queryTile(args, <usize>piece, <usize>piece * group + i, query);
}

function queryTile(args: usize, keyRow: usize, row: usize, firstQuery: usize): void {
  const task = changetype<GradientTask>(args);
  const bias = changetype<Additive>(args + offsetof<GradientTask>('biasAddress'));
  const mask = changetype<Additive>(args + offsetof<GradientTask>('maskAddress'));
  const queries = <usize>task.queries, keys = <usize>task.keys, size = <usize>task.size, valueSize = <usize>task.valueSize;
  const batch = row / <usize>task.numHeads, head = row % <usize>task.numHeads;
  const rows = min(BQ, queries - firstQuery);
  const q = <usize>task.q + (((row * queries + firstQuery) * size) << 2);
  const out = ((row * queries + firstQuery) * valueSize) << 2;
  const dOut = <usize>task.dOut + out;
  const lse = <usize>task.logSumExp + ((row * queries + firstQuery) << 2);
  const dq = <usize>task.dq + (((row * queries + firstQuery) * size) << 2);
  const dk = <usize>task.dk + ((keyRow * keys * size) << 2);
  const dv = <usize>task.dv + ((keyRow * keys * valueSize) << 2);
  const keysAcross = <usize>task.keysAcross + ((keyRow * <usize>task.keysAcrossFloats) << 2);
  const valuesAcross = <usize>task.valuesAcross + ((keyRow * <usize>task.valuesAcrossFloats) << 2);
  const keysDown = <usize>task.keysDown + ((keyRow * <usize>task.keysDownFloats) << 2);
  const queriesDown = <usize>task.queriesDown + ((row * <usize>task.queriesDownFloats) << 2) + (firstQuery << 5);
  const dOutDown = <usize>task.dOutDown + ((row * <usize>task.dOutDownFloats) << 2) + (firstQuery << 5);
  const p = scratch, ds = p + TILE, pAcross = ds + TILE, dsAcross = pAcross + TILE, delta = dsAcross + TILE;
  const causal = task.causal != 0;
  const offset = <i32>firstQuery + <i32>keys - <i32>queries;

  for (let i: usize = 0; i < rows; i++) {
    const at = (row * queries + firstQuery + i) << 2;
    const sum = dot(dOut + ((i * valueSize) << 2), <usize>task.out + out + ((i * valueSize) << 2), valueSize);
    store<f32>(delta + (i << 2), sum - load<f32>(<usize>task.dLogSumExp + at));
  }
  memory.fill(dq, 0, (rows * size) << 2);
  for (let key: usize = 0; key < keys; key += BK) {
    const first = offset - <i32>key;
    if (causal && first + <i32>rows <= 0) break;
    const columns = min(BK, keys - key);
    multiplyTile(q, size << 2, keysAcross + ((key * size) << 2), size, size, columns, p, ROW, rows, false);
    finishScores(p, rows, columns, task.scale, bias, additiveAt(bias, batch, head, firstQuery, key), mask, additiveAt(mask, batch, head, firstQuery, key), causal, first);
    multiplyTile(dOut, valueSize << 2, valuesAcross + ((key * valueSize) << 2), valueSize, valueSize, columns, ds, ROW, rows, false);
    for (let i: usize = 0; i < rows; i++)
      gradientRow(p + i * ROW, ds + i * ROW, columns, load<f32>(lse + (i << 2)), load<f32>(delta + (i << 2)), task.scale);
    multiplyTile(ds, ROW, keysDown + (key << 5), keys, columns, size, dq, size << 2, rows, true);
    transposeTile(p, rows, columns, pAcross);
    transposeTile(ds, rows, columns, dsAcross);
    multiplyTile(dsAcross, ACROSS, queriesDown, queries, rows, size, dk + ((key * size) << 2), size << 2, columns, true);
    multiplyTile(pAcross, ACROSS, dOutDown, queries, rows, valueSize, dv + ((key * valueSize) << 2), valueSize << 2, columns, true);
  }
}

/** Scores to probabilities, and products dout · v to dS. A query without any key has none. */
function gradientRow(p: usize, ds: usize, columns: usize, lse: f32, delta: f32, scale: f32): void {
  if (lse == -Infinity) {
    memory.fill(p, 0, columns << 2);
    memory.fill(ds, 0, columns << 2);
    return;
  }
  const shift = f32x4.splat(lse), minus = f32x4.splat(delta), factor = f32x4.splat(scale);
  // Whole vectors: what lies beyond the columns is in the tile, and not used.
  for (let j: usize = 0; j < columns; j += 4) {
    const probability = exp4(f32x4.sub(v128.load(p + (j << 2)), shift));
    v128.store(p + (j << 2), probability);
    v128.store(ds + (j << 2), f32x4.mul(f32x4.mul(probability, f32x4.sub(v128.load(ds + (j << 2)), minus)), factor));
  }
}

/** [rows of 64] to [columns of 32]. */
function transposeTile(from: usize, rows: usize, columns: usize, to: usize): void {
  for (let i: usize = 0; i < rows; i += 4)
    for (let j: usize = 0; j < columns; j += 4) transpose4(from + i * ROW + (j << 2), ROW, to + j * ACROSS + (i << 2), ACROSS);
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
