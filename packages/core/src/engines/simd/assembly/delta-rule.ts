/**
 * The generalised delta rule, see `kernels/delta-rule`: S_t = diag(d_t) S_{t-1} + b_t (a_tᵀ S_{t-1}) + k_t v_tᵀ; y_t = q_tᵀ S_t.
 */
import {firstPosition, Position, RecurrenceTask} from './linear-recurrence';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';
import {BLOCK, fromBlock, fromRow, ROW, toBlock, toRow} from './state-columns';

@unmanaged export class DeltaTask extends RecurrenceTask {
  lookups: u32;
  corrections: u32;
}

/** A position, with what it looks up and where what it finds is added. */
@unmanaged export class DeltaPosition extends Position {
  a: usize;
  b: usize;

  @inline go(count: isize): void {
    this.move(count);
    this.a += count * this.keyStep;
    this.b += count * this.keyStep;
  }
}

export function firstDeltaPosition(task: DeltaTask, matrix: usize, column: usize, position: DeltaPosition): void {
  firstPosition(task, matrix / <usize>task.heads, matrix % <usize>task.heads, column, position);
  const key = position.k - <usize>task.keys;
  position.a = <usize>task.lookups + key;
  position.b = <usize>task.corrections + key;
}

/** aᵀ S of a block's columns, into a row. */
export function lookUp(s: usize, a: usize, size: usize, to: usize): void {
  let x0 = f32x4.splat(0), x1 = x0, x2 = x0, x3 = x0;
  for (let i: usize = 0, end = size << 2; i < end; i += 4, s += ROW) {
    const factor = v128.load32_splat(a + i);
    x0 = multiplyAdd(factor, v128.load(s), x0);
    x1 = multiplyAdd(factor, v128.load(s, 16), x1);
    x2 = multiplyAdd(factor, v128.load(s, 32), x2);
    x3 = multiplyAdd(factor, v128.load(s, 48), x3);
  }
  v128.store(to, x0);
  v128.store(to, x1, 16);
  v128.store(to, x2, 32);
  v128.store(to, x3, 48);
}

/** Takes the position into S, from `s` to `to`; `v` and `found` are rows of values and of what was looked up. */
export function correct(s: usize, to: usize, position: DeltaPosition, size: usize, v: usize, found: usize): void {
  const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(v, 32), v3 = v128.load(v, 48);
  const f0 = v128.load(found), f1 = v128.load(found, 16), f2 = v128.load(found, 32), f3 = v128.load(found, 48);
  for (let i: usize = 0, end = size << 2; i < end; i += 4, s += ROW, to += ROW) {
    const k = v128.load32_splat(position.k + i), b = v128.load32_splat(position.b + i);
    const d = v128.load32_splat(position.d + i);
    v128.store(to, multiplyAdd(d, v128.load(s), multiplyAdd(b, f0, f32x4.mul(k, v0))));
    v128.store(to, multiplyAdd(d, v128.load(s, 16), multiplyAdd(b, f1, f32x4.mul(k, v1))), 16);
    v128.store(to, multiplyAdd(d, v128.load(s, 32), multiplyAdd(b, f2, f32x4.mul(k, v2))), 32);
    v128.store(to, multiplyAdd(d, v128.load(s, 48), multiplyAdd(b, f3, f32x4.mul(k, v3))), 48);
  }
}

/** Piece: a head of a row of the batch, and 16 columns of its state. */
function deltaRulePiece(args: usize, piece: i32): void {
  const task = changetype<DeltaTask>(args);
  const keySize = <usize>task.keySize, valueSize = <usize>task.valueSize;
  const blocks = (valueSize + BLOCK - 1) / BLOCK, matrix = <usize>piece / blocks;
  const column = (<usize>piece % blocks) * BLOCK, count = min(BLOCK, valueSize - column);
  const position = changetype<DeltaPosition>(scratch);
  const v = scratch + offsetof<DeltaPosition>(), found = v + ROW, y = found + ROW, s = y + ROW;
  const stride = valueSize << 2, corner = (matrix * keySize * valueSize + column) << 2;
  firstDeltaPosition(task, matrix, column, position);
  toBlock(task.state ? <usize>task.state + corner : 0, stride, keySize, count, s);
  let to = <usize>task.output + (position.v - <usize>task.values);
  for (let t: usize = 0; t < <usize>task.time; t++, to += position.valueStep) {
    toRow(position.v, count, v);
    lookUp(s, position.a, keySize, found);
    correct(s, s, position, keySize, v, found);
    lookUp(s, position.q, keySize, y);
    fromRow(y, count, to);
    position.go(1);
  }
  fromBlock(s, stride, keySize, count, <usize>task.last + corner);
}

export function jobDeltaRule(): u32 {
  return deltaRulePiece.index;
}
