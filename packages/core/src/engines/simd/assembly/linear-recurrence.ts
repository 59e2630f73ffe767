/**
 * Linear attention as an RNN, see `kernels/linear-recurrence`: S_t = diag(d_t) S_{t-1} + k_t v_tᵀ. What a step leaves, d, is
 * given as a factor here, not as a logarithm.
 */
import {loadLanes} from './lanes';
import {sumLanes} from './row-parts';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';
import {BLOCK, fromBlock, fromRow, ROW, toBlock, toRow} from './state-columns';

@unmanaged export class RecurrenceTask {
  queries: u32;
  keys: u32;
  values: u32;
  decay: u32;
  /** 0 where there is none. */
  bonus: u32;
  /** The first state; 0 where there is none. */
  state: u32;
  output: u32;
  /** The last state; the gradient does not write it. */
  last: u32;
  time: u32;
  heads: u32;
  keySize: u32;
  valueSize: u32;
  /** Bytes of decay from a position to the next and from a row of the batch to the next: 0 where it is the same for all. */
  decayStep: u32;
  decayRow: u32;
}

/** The addresses of one head's tensors at a position, and the bytes to the next. */
@unmanaged export class Position {
  q: usize;
  k: usize;
  v: usize;
  d: usize;
  u: usize;
  keyStep: usize;
  valueStep: usize;
  decayStep: usize;

  /** Goes on by so many positions. */
  @inline move(count: isize): void {
    this.q += count * this.keyStep;
    this.k += count * this.keyStep;
    this.v += count * this.valueStep;
    this.d += count * this.decayStep;
  }
}

/** The first position of a head, for columns from `column` on. */
export function firstPosition(task: RecurrenceTask, row: usize, head: usize, column: usize, position: Position): void {
  const heads = <usize>task.heads, keyBytes = <usize>task.keySize << 2, valueBytes = <usize>task.valueSize << 2;
  const first = row * <usize>task.time * heads + head;
  position.q = <usize>task.queries + first * keyBytes;
  position.k = <usize>task.keys + first * keyBytes;
  position.v = <usize>task.values + first * valueBytes + (column << 2);
  position.d = <usize>task.decay + row * <usize>task.decayRow + head * keyBytes;
  position.u = task.bonus ? <usize>task.bonus + head * keyBytes : 0;
  position.keyStep = heads * keyBytes;
  position.valueStep = heads * valueBytes;
  position.decayStep = <usize>task.decayStep;
}

/** q · (u k), as 4 sums. */
export function ownWeights(position: Position, size: usize): v128 {
  let weights = f32x4.splat(0);
  for (let i: usize = 0; i < size; i += 4) {
    const at = i << 2, count = size - i;
    const qk = f32x4.mul(loadLanes(position.q + at, count), loadLanes(position.k + at, count));
    weights = multiplyAdd(qk, loadLanes(position.u + at, count), weights);
  }
  return weights;
}

/** y = qᵀ S of the state before the position, plus q · (u k) v; then takes the position into S. `v` and `y` are rows. */
function readThenWrite(s: usize, position: Position, size: usize, v: usize, y: usize): void {
  const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(v, 32), v3 = v128.load(v, 48);
  let y0 = f32x4.splat(0), y1 = y0, y2 = y0, y3 = y0;
  const own = f32x4.splat(sumLanes(ownWeights(position, size)));
  for (let i: usize = 0, end = size << 2; i < end; i += 4, s += ROW) {
    const q = v128.load32_splat(position.q + i), k = v128.load32_splat(position.k + i);
    const d = v128.load32_splat(position.d + i);
    const s0 = v128.load(s), s1 = v128.load(s, 16), s2 = v128.load(s, 32), s3 = v128.load(s, 48);
    y0 = multiplyAdd(q, s0, y0);
    y1 = multiplyAdd(q, s1, y1);
    y2 = multiplyAdd(q, s2, y2);
    y3 = multiplyAdd(q, s3, y3);
    v128.store(s, multiplyAdd(d, s0, f32x4.mul(k, v0)));
    v128.store(s, multiplyAdd(d, s1, f32x4.mul(k, v1)), 16);
    v128.store(s, multiplyAdd(d, s2, f32x4.mul(k, v2)), 32);
    v128.store(s, multiplyAdd(d, s3, f32x4.mul(k, v3)), 48);
  }
  v128.store(y, multiplyAdd(own, v0, y0));
  v128.store(y, multiplyAdd(own, v1, y1), 16);
  v128.store(y, multiplyAdd(own, v2, y2), 32);
  v128.store(y, multiplyAdd(own, v3, y3), 48);
}

/** Takes the position into S, then y = qᵀ S. */
function writeThenRead(s: usize, position: Position, size: usize, v: usize, y: usize): void {
  const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(v, 32), v3 = v128.load(v, 48);
  let y0 = f32x4.splat(0), y1 = y0, y2 = y0, y3 = y0;
  for (let i: usize = 0, end = size << 2; i < end; i += 4, s += ROW) {
    const q = v128.load32_splat(position.q + i), k = v128.load32_splat(position.k + i);
    const d = v128.load32_splat(position.d + i);
    const s0 = multiplyAdd(d, v128.load(s), f32x4.mul(k, v0)), s1 = multiplyAdd(d, v128.load(s, 16), f32x4.mul(k, v1));
    const s2 = multiplyAdd(d, v128.load(s, 32), f32x4.mul(k, v2)), s3 = multiplyAdd(d, v128.load(s, 48), f32x4.mul(k, v3));
    v128.store(s, s0);
    v128.store(s, s1, 16);
    v128.store(s, s2, 32);
    v128.store(s, s3, 48);
    y0 = multiplyAdd(q, s0, y0);
    y1 = multiplyAdd(q, s1, y1);
    y2 = multiplyAdd(q, s2, y2);
    y3 = multiplyAdd(q, s3, y3);
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
  v128.store(y, y2, 32);
  v128.store(y, y3, 48);
}

/** Piece: a head of a row of the batch, and 16 columns of its state. */
function recurrencePiece(args: usize, piece: i32): void {
  const task = changetype<RecurrenceTask>(args);
  const keySize = <usize>task.keySize, valueSize = <usize>task.valueSize;
  const blocks = (valueSize + BLOCK - 1) / BLOCK, matrix = <usize>piece / blocks;
  const column = (<usize>piece % blocks) * BLOCK, count = min(BLOCK, valueSize - column);
  const position = changetype<Position>(scratch), v = scratch + offsetof<Position>(), y = v + ROW, s = y + ROW;
  const stride = valueSize << 2, corner = (matrix * keySize * valueSize + column) << 2;
  firstPosition(task, matrix / <usize>task.heads, matrix % <usize>task.heads, column, position);
  toBlock(task.state ? <usize>task.state + corner : 0, stride, keySize, count, s);
  let to = <usize>task.output + (position.v - <usize>task.values);
  for (let t: usize = 0; t < <usize>task.time; t++, to += position.valueStep) {
    toRow(position.v, count, v);
    if (position.u) readThenWrite(s, position, keySize, v, y);
    else writeThenRead(s, position, keySize, v, y);
    fromRow(y, count, to);
    position.move(1);
  }
  fromBlock(s, stride, keySize, count, <usize>task.last + corner);
}

export function jobLinearRecurrence(): u32 {
  return recurrencePiece.index;
}
