/**
 * Attention of few queries, as in decoding: keys and values are read once, as they lie, for all queries that share them.
 * The running softmax is that of `attention.ts`.
 */
import {addBiasAndMask, exponentials, hideKeys, largest} from './attention-scores';
import {AttentionShape, BK, endKey, firstKey, nextTile, presentKeys} from './attention-shape';
import {expNegative4} from './math';
import {loadPart, scaleRow, storePart, sumLanes} from './row-parts';
import {scratch} from './runtime';
import {maxAcross, multiplyAdd, sumAcross} from './simd';

@unmanaged class FewTask extends AttentionShape {
  q: u32;
  k: u32;
  v: u32;
  out: u32;
  logSumExp: u32;
  scale: f32;
  /** Pieces of a key head. */
  parts: u32;
}

/** Bytes of a row's scores in a tile. */
@inline const SCORES: usize = <usize>BK << 2;

/** The running maximum and sum of a row. */
@unmanaged class Running {
  maximum: f32;
  sum: f32;
}

/** Piece: a key head of the batch, with the queries of all heads that share it, or of a part of them. */
function fewPiece(args: usize, piece: i32): void {
  const task = changetype<FewTask>(args);
  const queries = <i32>task.queries, group = <i32>task.group, parts = <i32>task.parts;
  const keyHead = piece / parts, part = piece % parts;
  const firstHead = (part * group) / parts, endHead = ((part + 1) * group) / parts;
  const rows = (endHead - firstHead) * queries, firstRow = <usize>(keyHead * group + firstHead) * <usize>queries;
  const size = <usize>task.size, valueSize = <usize>task.valueSize, firstKeyRow = <usize>keyHead * <usize>task.keys;
  const k = <usize>task.k + ((firstKeyRow * size) << 2), v = <usize>task.v + ((firstKeyRow * valueSize) << 2);
  const q = <usize>task.q + ((firstRow * size) << 2), out = <usize>task.out + ((firstRow * valueSize) << 2);
  const present = presentKeys(task), first = firstKey(task, present, 0), end = endKey(task, present, queries - 1);
  const s = scratch, states = s + 2 * SCORES;

  memory.fill(out, 0, (<usize>rows * valueSize) << 2);
  for (let i = 0; i < rows; i++) {
    const state = changetype<Running>(states + <usize>i * offsetof<Running>());
    state.maximum = -Infinity;
    state.sum = 0;
  }
  for (let key = nextTile(task, 0, first); key < end; key = nextTile(task, key + BK, first))
    // With one query each, heads see the same keys: two of them read these together.
    for (let i = 0, two = 1; i < rows; i += two) {
      two = queries == 1 && i + 1 < rows ? 2 : 1;
      const query = i % queries, sinks = <i32>task.sinks - key;
      const start = firstKey(task, present, query) - key;
      let to = min(BK, endKey(task, present, query) - key);
      if (start >= BK) to = min(to, sinks);
      const from = sinks > 0 ? 0 : max(0, start) & -4;
      if (from >= to) continue;
      const place = <usize>(key + from), count = to - from, scores = s + (<usize>from << 2);
      const keys = k + ((place * size) << 2), values = v + ((place * valueSize) << 2), row = out + ((<usize>i * valueSize) << 2);
      if (two == 2) multiplyKeysOfTwo(q + ((<usize>i * size) << 2), keys, size, count, task.scale, scores);
      else multiplyKeys(q + ((<usize>i * size) << 2), keys, size, count, task.scale, scores);
      for (let j = 0; j < two; j++) {
        const own = s + <usize>j * SCORES, state = changetype<Running>(states + <usize>(i + j) * offsetof<Running>());
        addBiasAndMask(task, own, firstRow / <usize>queries + <usize>(i / queries + j), query, key, from, to);
        if (start > from || (to & 3) != 0) hideKeys(own, from, (to + 3) & -4, start, to, sinks);
        softmaxRow(own + (<usize>from << 2), (count + 3) & -4, state, row + ((<usize>j * valueSize) << 2), valueSize);
      }
      if (two == 2) addValuesOfTwo(scores, values, valueSize, count, row);
      else addValues(scores, values, valueSize, count, row);
    }
  for (let i = 0; i < rows; i++) {
    const state = changetype<Running>(states + <usize>i * offsetof<Running>()), l = state.sum;
    store<f32>(<usize>task.logSumExp + ((firstRow + <usize>i) << 2), state.maximum + Mathf.log(l));
    scaleRow(out + ((<usize>i * valueSize) << 2), valueSize, l == 0 ? 0 : 1 / l);
  }
}

/** The products of a query with keys one after the other, times the scale. */
function multiplyKeys(q: usize, k: usize, size: usize, count: i32, scale: f32, s: usize): void {
  const row = size << 2, whole = row & -16, rest = size & 3, zero = f32x4.splat(0), factor = f32x4.splat(scale);
  for (; count >= 4; count -= 4, k += 4 * row, s += 16) {
    let a = zero, b = zero, c = zero, d = zero;
    let at = k;
    for (let i: usize = 0; i < whole; i += 16, at += 16) {
      const x = v128.load(q + i);
      a = multiplyAdd(x, v128.load(at), a);
      b = multiplyAdd(x, v128.load(at + row), b);
      c = multiplyAdd(x, v128.load(at + 2 * row), c);
      d = multiplyAdd(x, v128.load(at + 3 * row), d);
    }
    if (rest) {
      const x = loadPart(q + whole, rest, zero);
      a = multiplyAdd(x, loadPart(at, rest, zero), a);
      b = multiplyAdd(x, loadPart(at + row, rest, zero), b);
      c = multiplyAdd(x, loadPart(at + 2 * row, rest, zero), c);
      d = multiplyAdd(x, loadPart(at + 3 * row, rest, zero), d);
    }
    v128.store(s, f32x4.mul(sumAcross(a, b, c, d), factor));
  }
  for (; count > 0; count--, k += row, s += 4) {
    let a = zero;
    for (let i: usize = 0; i < whole; i += 16) a = multiplyAdd(v128.load(q + i), v128.load(k + i), a);
    if (rest) a = multiplyAdd(loadPart(q + whole, rest, zero), loadPart(k + whole, rest, zero), a);
    store<f32>(s, sumLanes(a) * scale);
  }
}

/** The same for two queries, whose rows and scores follow each other; each sum is formed in the order of one alone. */
function multiplyKeysOfTwo(q: usize, k: usize, size: usize, count: i32, scale: f32, s: usize): void {
  const row = size << 2, whole = row & -16, rest = size & 3, zero = f32x4.splat(0), factor = f32x4.splat(scale);
  const other = q + row, otherScores = s + SCORES, fours = count & -4;
  for (let key = 0; key < fours; key += 4, k += 4 * row, s += 16) {
    let a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
    let at = k;
    for (let i: usize = 0; i < whole; i += 16, at += 16) {
      const k0 = v128.load(at), k1 = v128.load(at + row), k2 = v128.load(at + 2 * row), k3 = v128.load(at + 3 * row);
      const x = v128.load(q + i), y = v128.load(other + i);
      a = multiplyAdd(x, k0, a);
      b = multiplyAdd(x, k1, b);
      c = multiplyAdd(x, k2, c);
      d = multiplyAdd(x, k3, d);
      e = multiplyAdd(y, k0, e);
      f = multiplyAdd(y, k1, f);
      g = multiplyAdd(y, k2, g);
      h = multiplyAdd(y, k3, h);
    }
    if (rest) {
      const k0 = loadPart(at, rest, zero), k1 = loadPart(at + row, rest, zero);
      const k2 = loadPart(at + 2 * row, rest, zero), k3 = loadPart(at + 3 * row, rest, zero);
      const x = loadPart(q + whole, rest, zero), y = loadPart(other + whole, rest, zero);
      a = multiplyAdd(x, k0, a);
      b = multiplyAdd(x, k1, b);
      c = multiplyAdd(x, k2, c);
      d = multiplyAdd(x, k3, d);
      e = multiplyAdd(y, k0, e);
      f = multiplyAdd(y, k1, f);
      g = multiplyAdd(y, k2, g);
      h = multiplyAdd(y, k3, h);
    }
    v128.store(s, f32x4.mul(sumAcross(a, b, c, d), factor));
    v128.store(s + SCORES, f32x4.mul(sumAcross(e, f, g, h), factor));
  }
  multiplyKeys(q, k, size, count - fours, scale, s);
  multiplyKeys(other, k, size, count - fours, scale, otherScores + (<usize>fours << 2));
}

/** Replaces `count` scores, a multiple of 4, by e^(S - m'), and brings sum and output so far to the new maximum m'. */
function softmaxRow(s: usize, count: i32, state: Running, out: usize, valueSize: usize): void {
  const end = s + (<usize>count << 2), tops = largest(s, end), before = state.maximum;
  const top = f32x4.extract_lane(maxAcross(tops, tops, tops, tops), 0);
  const m = top > before ? top : before;
  const shift: f32 = m == -Infinity ? 0 : m;
  const sum = sumLanes(exponentials(s, end, f32x4.splat(shift)));
  const correction = f32x4.extract_lane(expNegative4(f32x4.splat(before - shift)), 0);
  if (correction != 1) scaleRow(out, valueSize, correction);
  state.sum = state.sum * correction + sum;
  state.maximum = m;
}

/** Adds values, one row after the other, times their weights. */
function addValues(weights: usize, v: usize, valueSize: usize, count: i32, out: usize): void {
  const row = valueSize << 2, whole = row & -16, rest = valueSize & 3, zero = f32x4.splat(0);
  for (; count >= 4; count -= 4, weights += 16, v += 4 * row) {
    const a = v128.load32_splat(weights), b = v128.load32_splat(weights, 4), c = v128.load32_splat(weights, 8), d = v128.load32_splat(weights, 12);
    let at = v;
    for (let i: usize = 0; i < whole; i += 16, at += 16) {
      const x = multiplyAdd(b, v128.load(at + row), multiplyAdd(a, v128.load(at), v128.load(out + i)));
      v128.store(out + i, multiplyAdd(d, v128.load(at + 3 * row), multiplyAdd(c, v128.load(at + 2 * row), x)));
    }
    if (rest) {
      const x = multiplyAdd(b, loadPart(at + row, rest, zero), multiplyAdd(a, loadPart(at, rest, zero), loadPart(out + whole, rest, zero)));
      storePart(out + whole, multiplyAdd(d, loadPart(at + 3 * row, rest, zero), multiplyAdd(c, loadPart(at + 2 * row, rest, zero), x)), rest);
    }
  }
  for (; count > 0; count--, weights += 4, v += row) {
    const a = v128.load32_splat(weights);
    for (let i: usize = 0; i < whole; i += 16) v128.store(out + i, multiplyAdd(a, v128.load(v + i), v128.load(out + i)));
    if (rest) storePart(out + whole, multiplyAdd(a, loadPart(v + whole, rest, zero), loadPart(out + whole, rest, zero)), rest);
  }
}

/** The same for two rows of weights and of output. */
function addValuesOfTwo(weights: usize, v: usize, valueSize: usize, count: i32, out: usize): void {
  const row = valueSize << 2, whole = row & -16, rest = valueSize & 3, zero = f32x4.splat(0), fours = count & -4;
  const other = out + row;
  for (let key = 0; key < fours; key += 4, weights += 16, v += 4 * row) {
    const a = v128.load32_splat(weights), b = v128.load32_splat(weights, 4), c = v128.load32_splat(weights, 8), d = v128.load32_splat(weights, 12);
    const second = weights + SCORES;
    const e = v128.load32_splat(second), f = v128.load32_splat(second, 4), g = v128.load32_splat(second, 8), h = v128.load32_splat(second, 12);
    let at = v;
    for (let i: usize = 0; i < whole; i += 16, at += 16) {
      const v0 = v128.load(at), v1 = v128.load(at + row), v2 = v128.load(at + 2 * row), v3 = v128.load(at + 3 * row);
      const x = multiplyAdd(b, v1, multiplyAdd(a, v0, v128.load(out + i)));
      v128.store(out + i, multiplyAdd(d, v3, multiplyAdd(c, v2, x)));
      const y = multiplyAdd(f, v1, multiplyAdd(e, v0, v128.load(other + i)));
      v128.store(other + i, multiplyAdd(h, v3, multiplyAdd(g, v2, y)));
    }
    if (rest) {
      const v0 = loadPart(at, rest, zero), v1 = loadPart(at + row, rest, zero);
      const v2 = loadPart(at + 2 * row, rest, zero), v3 = loadPart(at + 3 * row, rest, zero);
      const x = multiplyAdd(b, v1, multiplyAdd(a, v0, loadPart(out + whole, rest, zero)));
      storePart(out + whole, multiplyAdd(d, v3, multiplyAdd(c, v2, x)), rest);
      const y = multiplyAdd(f, v1, multiplyAdd(e, v0, loadPart(other + whole, rest, zero)));
      storePart(other + whole, multiplyAdd(h, v3, multiplyAdd(g, v2, y)), rest);
    }
  }
  addValues(weights, v, valueSize, count - fours, out);
  addValues(weights + SCORES, v, valueSize, count - fours, other);
}

export function jobAttentionFew(): u32 {
  return fewPiece.index;
}
