/**
 * Attention in tiles, with memory linear in the number of keys: for each tile of queries, the tiles of keys that it sees
 * are gone through once, with a running maximum m and sum l per query (Milakov and Gimelshein 2018; Dao et al. 2022):
 *
 *     m' = max(m, rowmax S);   l' = l e^(m - m') + rowsum e^(S - m');   out' = out e^(m - m') + e^(S - m') v
 *     end:  out / l,   logSumExp = m + log l
 */
import {exponentials, largest, shiftOf} from './attention-scores';
import {AttentionShape, BK, endKey, firstKey, nextTile, presentKeys} from './attention-shape';
import {addProduct, BQ, endColumn, findColumns, firstColumn, ROW, scoresOfQuad} from './attention-tiles';
import {storeLanes} from './lanes';
import {expNegative4, log4} from './math';
import {scaleRow} from './row-parts';
import {scratch} from './runtime';
import {maxAcross, sumAcross} from './simd';

@unmanaged class AttentionTask extends AttentionShape {
  q: u32;
  /** [batch, key heads] panels of 8 keys, [size][8], times the scale. */
  packedKeys: u32;
  /** [batch, key heads] panels of 8 features, [keys][8]. */
  packedValues: u32;
  out: u32;
  logSumExp: u32;
  /** Tiles of queries of a head. */
  tiles: u32;
  keyPanelFloats: u32;
  valuePanelFloats: u32;
}

/** Piece: a tile of queries of a head of the batch. */
function attentionPiece(args: usize, piece: i32): void {
  const task = changetype<AttentionTask>(args);
  const row = <usize>piece / <usize>task.tiles, queries = <usize>task.queries;
  const keyRow = row / <usize>task.group;
  const firstQuery = (piece % <i32>task.tiles) * BQ, rows = min(BQ, <i32>queries - firstQuery);
  const place = row * queries + <usize>firstQuery, size = <usize>task.size, valueSize = <usize>task.valueSize;
  const q = <usize>task.q + ((place * size) << 2), out = <usize>task.out + ((place * valueSize) << 2);
  const keyPanels = <usize>task.packedKeys + ((keyRow * <usize>task.keyPanelFloats) << 2);
  const valuePanels = <usize>task.packedValues + ((keyRow * <usize>task.valuePanelFloats) << 2);
  const present = presentKeys(task), first = firstKey(task, present, firstQuery), end = endKey(task, present, firstQuery + rows - 1);
  const s = scratch, maxima = s + 4 * ROW, sums = maxima + (<usize>BQ << 2);

  memory.fill(out, 0, (<usize>rows * valueSize) << 2);
  for (let i = 0; i < BQ; i += 4) {
    v128.store(maxima + (<usize>i << 2), f32x4.splat(-Infinity));
    v128.store(sums + (<usize>i << 2), f32x4.splat(0));
  }
  for (let key = nextTile(task, 0, first); key < end; key = nextTile(task, key + BK, first))
    for (let i = 0; i < rows; i += 4) {
      const count = min(4, rows - i), quad = out + ((<usize>i * valueSize) << 2);
      if (!findColumns(task, present, firstQuery + i, count, key)) continue;
      scoresOfQuad(task, present, row, firstQuery + i, count, key, q + ((<usize>i * size) << 2), keyPanels, s);
      const correction = softmaxQuad(s, maxima + (<usize>i << 2), sums + (<usize>i << 2));
      if (!i32x4.all_true(f32x4.eq(correction, f32x4.splat(1)))) scaleQuad(quad, correction, valueSize, count);
      addProduct(s + (<usize>firstColumn << 2), ROW, endColumn - firstColumn, valuePanels + (<usize>(key + firstColumn) << 5), <usize>task.keys, quad, valueSize, count);
    }
  for (let i = 0; i < rows; i += 4) {
    const count = min(4, rows - i), l = v128.load(sums + (<usize>i << 2));
    const logSumExp = f32x4.add(v128.load(maxima + (<usize>i << 2)), log4(l));
    storeLanes(<usize>task.logSumExp + ((place + <usize>i) << 2), logSumExp, count);
    const inverse = v128.and(f32x4.div(f32x4.splat(1), l), f32x4.ne(l, f32x4.splat(0)));
    scaleQuad(out + ((<usize>i * valueSize) << 2), inverse, valueSize, count);
  }
}

/** Replaces a quad's scores in its columns by e^(S - m'), and gives e^(m - m'). */
function softmaxQuad(s: usize, maxima: usize, sums: usize): v128 {
  const start = s + (<usize>firstColumn << 2), length = <usize>((endColumn - firstColumn + 3) & -4) << 2;
  const r0 = start, r1 = r0 + ROW, r2 = r1 + ROW, r3 = r2 + ROW;
  const before = v128.load(maxima);
  const tops = maxAcross(largest(r0, r0 + length), largest(r1, r1 + length), largest(r2, r2 + length), largest(r3, r3 + length));
  const m = f32x4.pmax(before, tops), shift = shiftOf(m);
  const sum = sumAcross(
    exponentials(r0, r0 + length, v128.shuffle<f32>(shift, shift, 0, 0, 0, 0)),
    exponentials(r1, r1 + length, v128.shuffle<f32>(shift, shift, 1, 1, 1, 1)),
    exponentials(r2, r2 + length, v128.shuffle<f32>(shift, shift, 2, 2, 2, 2)),
    exponentials(r3, r3 + length, v128.shuffle<f32>(shift, shift, 3, 3, 3, 3)),
  );
  const correction = expNegative4(f32x4.sub(before, shift));
  v128.store(maxima, m);
  v128.store(sums, f32x4.add(f32x4.mul(v128.load(sums), correction), sum));
  return correction;
}

/** Multiplies each row of a quad with its lane of `by`. */
function scaleQuad(x: usize, by: v128, length: usize, rows: i32): void {
  for (let i = 0; i < rows; i++, x += length << 2) {
    scaleRow(x, length, f32x4.extract_lane(by, 0));
    by = v128.shuffle<f32>(by, by, 1, 2, 3, 0);
  }
}

export function jobAttention(): u32 {
  return attentionPiece.index;
}
