/** What happens to the scores of a tile of keys between the products: bias, mask, hidden keys, exponentials. */
import {AttentionShape} from './attention-shape';
import {expNegative4} from './math';

/** Adds bias and mask to a row's scores of the tile that begins at `key`, columns [from, to). */
@inline export function addBiasAndMask(task: AttentionShape, s: usize, row: usize, query: i32, key: i32, from: i32, to: i32): void {
  if (task.bias) addBias(task, s, row, query, key, from, to);
  if (task.mask) applyMask(task, s, row, query, key, from, to);
}

/** `row` numbers the heads of all the batch. */
function addBias(task: AttentionShape, s: usize, row: usize, query: i32, key: i32, from: i32, to: i32): void {
  const batch = row / <usize>task.numHeads, head = row % <usize>task.numHeads, step = <usize>task.biasKey;
  const place = batch * <usize>task.biasBatch + head * <usize>task.biasHead + <usize>query * <usize>task.biasQuery + <usize>(key + from) * step;
  let at = <usize>task.bias + (place << 2), to4 = s + (<usize>from << 2), left = to - from;
  if (step == 1)
    for (; left >= 4; left -= 4, at += 16, to4 += 16) v128.store(to4, f32x4.add(v128.load(to4), v128.load(at)));
  for (; left > 0; left--, at += step << 2, to4 += 4) store<f32>(to4, load<f32>(to4) + load<f32>(at));
}

function applyMask(task: AttentionShape, s: usize, row: usize, query: i32, key: i32, from: i32, to: i32): void {
  const batch = row / <usize>task.numHeads, head = row % <usize>task.numHeads, bytes = <usize>task.maskBytes;
  const place = batch * <usize>task.maskBatch + head * <usize>task.maskHead + <usize>query * <usize>task.maskQuery + <usize>(key + from) * <usize>task.maskKey;
  const step = <usize>task.maskKey * bytes;
  let at = <usize>task.mask + place * bytes;
  for (let j = from; j < to; j++, at += step) {
    // A whole number that is not 0 is no float that is 0 either, but for the least.
    const allowed = bytes == 1 ? load<u8>(at) != 0 : load<f32>(at) != 0;
    if (!allowed) store<f32>(s + (<usize>j << 2), -Infinity);
  }
}

const LANES: usize = memory.data<i32>([0, 1, 2, 3]);

/**
 * -infinity for the columns of [from, to), multiples of 4, that a query does not see: those from `end` on, and those
 * before `first` but for `sinks`. All count from the tile's first key.
 */
export function hideKeys(s: usize, from: i32, to: i32, first: i32, end: i32, sinks: i32): void {
  const hidden = f32x4.splat(-Infinity), four = i32x4.splat(4);
  const firsts = i32x4.splat(first), ends = i32x4.splat(end), limits = i32x4.splat(sinks);
  let column = i32x4.add(v128.load(LANES), i32x4.splat(from));
  for (let at = s + (<usize>from << 2), last = s + (<usize>to << 2); at < last; at += 16) {
    const inWindow = v128.or(i32x4.ge_s(column, firsts), i32x4.lt_s(column, limits));
    v128.store(at, v128.bitselect(v128.load(at), hidden, v128.and(inWindow, i32x4.lt_s(column, ends))));
    column = i32x4.add(column, four);
  }
}

/** The largest scores between two addresses, by lanes; NaN left aside. */
@inline export function largest(s: usize, end: usize): v128 {
  let a = f32x4.splat(-Infinity);
  for (; s < end; s += 16) a = f32x4.pmax(a, v128.load(s));
  return a;
}

/** Replaces scores by e^(score - shift); their sums, by lanes. */
@inline export function exponentials(s: usize, end: usize, shift: v128): v128 {
  let sum = f32x4.splat(0);
  for (; s < end; s += 16) {
    const e = expNegative4(f32x4.sub(v128.load(s), shift));
    v128.store(s, e);
    sum = f32x4.add(sum, e);
  }
  return sum;
}

/** What maxima are subtracted as: 0 in place of -infinity, where there is no key yet. */
@inline export function shiftOf(maximum: v128): v128 {
  return v128.and(maximum, f32x4.gt(maximum, f32x4.splat(-Infinity)));
}
