/**
 * The gradient of the recurrence, see `kernels/linear-recurrence/gradient.ts`. States are computed again: on the way
 * forwards only every `chunk`th is kept, and on the way back those between, a chunk at a time.
 */
import {loadLanes} from './lanes';
import {firstPosition, ownWeights, Position, RecurrenceTask} from './linear-recurrence';
import {sumLanes} from './row-parts';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';
import {addTo, BLOCK, fourSums, fromBlock, fromRow, product, ROW, toBlock, toRow} from './state-columns';

@unmanaged class RecurrenceGradientTask extends RecurrenceTask {
  dOutput: u32;
  dLast: u32;
  dQueries: u32;
  dKeys: u32;
  dValues: u32;
  /** Like the decay or, where that is the same for all positions, for each row of the batch. */
  dDecay: u32;
  /** For each row of the batch; 0 where there is no bonus. */
  dBonus: u32;
  /** 0 where there is no first state. */
  dState: u32;
  /** Positions of a chunk. */
  chunk: u32;
  /** Room for the first states of all chunks, for each piece. */
  starts: u32;
  startBytes: u32;
}

/** The addresses of one head's gradients at a position. */
@unmanaged class Gradients {
  g: usize;
  dq: usize;
  dk: usize;
  dv: usize;
  dd: usize;
  du: usize;

  @inline move(position: Position, count: isize): void {
    this.g += count * position.valueStep;
    this.dq += count * position.keyStep;
    this.dk += count * position.keyStep;
    this.dv += count * position.valueStep;
    this.dd += count * position.decayStep;
  }
}

/** Takes the position into S, from `s` to `to`. */
function write(s: usize, to: usize, position: Position, size: usize, v: usize): void {
  const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(v, 32), v3 = v128.load(v, 48);
  for (let i: usize = 0, end = size << 2; i < end; i += 4, s += ROW, to += ROW) {
    const k = v128.load32_splat(position.k + i), d = v128.load32_splat(position.d + i);
    v128.store(to, multiplyAdd(d, v128.load(s), f32x4.mul(k, v0)));
    v128.store(to, multiplyAdd(d, v128.load(s, 16), f32x4.mul(k, v1)), 16);
    v128.store(to, multiplyAdd(d, v128.load(s, 32), f32x4.mul(k, v2)), 32);
    v128.store(to, multiplyAdd(d, v128.load(s, 48), f32x4.mul(k, v3)), 48);
  }
}

/** Room for the sums of 4 rows: those of queries, keys and decays. */
@unmanaged class RowSums {
  q0: v128; q1: v128; q2: v128; q3: v128;
  k0: v128; k1: v128; k2: v128; k3: v128;
  d0: v128; d1: v128; d2: v128; d3: v128;
}

/** dv = kᵀ G + weight g, for the columns of a block. */
@inline function storeValues(dv: usize, weight: v128, g: usize, dv0: v128, dv1: v128, dv2: v128, dv3: v128): void {
  v128.store(dv, multiplyAdd(weight, v128.load(g), dv0));
  v128.store(dv, multiplyAdd(weight, v128.load(g, 16), dv1), 16);
  v128.store(dv, multiplyAdd(weight, v128.load(g, 32), dv2), 32);
  v128.store(dv, multiplyAdd(weight, v128.load(g, 48), dv3), 48);
}

/**
 * Back over a position that reads the state before it. `s` is that state and G the gradient of the state after it, which
 * becomes that of the state before; v, g and dv are rows of the values, of the output's gradient and of what this adds to
 * the values' gradient.
 */
function backOverRead(
  s: usize, G: usize, position: Position, to: Gradients, size: usize, v: usize, g: usize, dv: usize, sums: RowSums,
): void {
  const g0 = v128.load(g), g1 = v128.load(g, 16), g2 = v128.load(g, 32), g3 = v128.load(g, 48);
  let dv0 = f32x4.splat(0), dv1 = dv0, dv2 = dv0, dv3 = dv0;
  const own = f32x4.splat(sumLanes(product(v, g))), at = changetype<usize>(sums);
  for (let i: usize = 0; i < size; i += 4) {
    const count = min(<usize>4, size - i), offset = i << 2;
    for (let r: usize = 0; r < count; r++, s += ROW, G += ROW) {
      const key = offset + (r << 2), sum = at + (r << 4);
      v128.store(sum, product(s, g), offsetof<RowSums>('q0'));
      v128.store(sum, product(G, v), offsetof<RowSums>('k0'));
      v128.store(sum, product(G, s), offsetof<RowSums>('d0'));
      const q = v128.load32_splat(position.q + key), k = v128.load32_splat(position.k + key);
      const d = v128.load32_splat(position.d + key);
      const G0 = v128.load(G), G1 = v128.load(G, 16), G2 = v128.load(G, 32), G3 = v128.load(G, 48);
      dv0 = multiplyAdd(k, G0, dv0);
      dv1 = multiplyAdd(k, G1, dv1);
      dv2 = multiplyAdd(k, G2, dv2);
      dv3 = multiplyAdd(k, G3, dv3);
      v128.store(G, multiplyAdd(d, G0, f32x4.mul(q, g0)));
      v128.store(G, multiplyAdd(d, G1, f32x4.mul(q, g1)), 16);
      v128.store(G, multiplyAdd(d, G2, f32x4.mul(q, g2)), 32);
      v128.store(G, multiplyAdd(d, G3, f32x4.mul(q, g3)), 48);
    }
    const q4 = loadLanes(position.q + offset, count), k4 = loadLanes(position.k + offset, count);
    const d4 = loadLanes(position.d + offset, count), u4 = f32x4.mul(own, loadLanes(position.u + offset, count));
    addTo(to.dq + offset, multiplyAdd(u4, k4, fourSums(at + offsetof<RowSums>('q0'))), count);
    addTo(to.dk + offset, multiplyAdd(u4, q4, fourSums(at + offsetof<RowSums>('k0'))), count);
    addTo(to.dd + offset, f32x4.mul(d4, fourSums(at + offsetof<RowSums>('d0'))), count);
    addTo(to.du + offset, f32x4.mul(own, f32x4.mul(q4, k4)), count);
  }
  storeValues(dv, f32x4.splat(sumLanes(ownWeights(position, size))), g, dv0, dv1, dv2, dv3);
}

/** Back over a position that reads the state with itself in it. */
function backOverWrite(
  s: usize, G: usize, position: Position, to: Gradients, size: usize, v: usize, g: usize, dv: usize, sums: RowSums,
): void {
  const g0 = v128.load(g), g1 = v128.load(g, 16), g2 = v128.load(g, 32), g3 = v128.load(g, 48);
  let dv0 = f32x4.splat(0), dv1 = dv0, dv2 = dv0, dv3 = dv0;
  const own = f32x4.splat(sumLanes(product(v, g))), at = changetype<usize>(sums);
  for (let i: usize = 0; i < size; i += 4) {
    const count = min(<usize>4, size - i), offset = i << 2;
    for (let r: usize = 0; r < count; r++, s += ROW, G += ROW) {
      const key = offset + (r << 2), sum = at + (r << 4);
      const q = v128.load32_splat(position.q + key), k = v128.load32_splat(position.k + key);
      const d = v128.load32_splat(position.d + key);
      v128.store(G, multiplyAdd(q, g0, v128.load(G)));
      v128.store(G, multiplyAdd(q, g1, v128.load(G, 16)), 16);
      v128.store(G, multiplyAdd(q, g2, v128.load(G, 32)), 32);
      v128.store(G, multiplyAdd(q, g3, v128.load(G, 48)), 48);
      v128.store(sum, product(s, g), offsetof<RowSums>('q0'));
      v128.store(sum, product(G, v), offsetof<RowSums>('k0'));
      v128.store(sum, product(G, s), offsetof<RowSums>('d0'));
      const G0 = v128.load(G), G1 = v128.load(G, 16), G2 = v128.load(G, 32), G3 = v128.load(G, 48);
      dv0 = multiplyAdd(k, G0, dv0);
      dv1 = multiplyAdd(k, G1, dv1);
      dv2 = multiplyAdd(k, G2, dv2);
      dv3 = multiplyAdd(k, G3, dv3);
      v128.store(G, f32x4.mul(d, G0));
      v128.store(G, f32x4.mul(d, G1), 16);
      v128.store(G, f32x4.mul(d, G2), 32);
      v128.store(G, f32x4.mul(d, G3), 48);
    }
    const k4 = loadLanes(position.k + offset, count), d4 = loadLanes(position.d + offset, count);
    const ofRead = multiplyAdd(d4, fourSums(at + offsetof<RowSums>('q0')), f32x4.mul(k4, own));
    addTo(to.dq + offset, ofRead, count);
    addTo(to.dk + offset, fourSums(at + offsetof<RowSums>('k0')), count);
    addTo(to.dd + offset, f32x4.mul(d4, fourSums(at + offsetof<RowSums>('d0'))), count);
  }
  storeValues(dv, f32x4.splat(0), g, dv0, dv1, dv2, dv3);
}

/** Sets the gradients that are sums over columns to 0. */
function clear(task: RecurrenceGradientTask, matrix: usize, position: Position, to: Gradients): void {
  const bytes = <usize>task.keySize << 2;
  for (let t: usize = 0; t < <usize>task.time; t++) {
    memory.fill(to.dq + t * position.keyStep, 0, bytes);
    memory.fill(to.dk + t * position.keyStep, 0, bytes);
    memory.fill(to.dd + t * position.decayStep, 0, bytes);
  }
  if (task.dBonus) memory.fill(<usize>task.dBonus + matrix * bytes, 0, bytes);
}

/** The gradients of a head's first position, for columns from `column` on. */
function firstGradients(task: RecurrenceGradientTask, matrix: usize, position: Position, to: Gradients): void {
  const keyBytes = <usize>task.keySize << 2;
  const key = position.k - <usize>task.keys, value = position.v - <usize>task.values;
  to.g = <usize>task.dOutput + value;
  to.dq = <usize>task.dQueries + key;
  to.dk = <usize>task.dKeys + key;
  to.dv = <usize>task.dValues + value;
  to.dd = <usize>task.dDecay + (task.decayStep ? position.d - <usize>task.decay : matrix * keyBytes);
  to.du = <usize>task.dBonus + matrix * keyBytes;
}

/** All of the gradient that some columns of a head's state have to do with. */
function columnsGradient(task: RecurrenceGradientTask, matrix: usize, column: usize): void {
  const keySize = <usize>task.keySize, valueSize = <usize>task.valueSize, time = <usize>task.time, chunk = <usize>task.chunk;
  const count = min(BLOCK, valueSize - column), blockBytes = keySize * ROW;
  const position = changetype<Position>(scratch), to = changetype<Gradients>(scratch + offsetof<Position>());
  const v = scratch + offsetof<Position>() + offsetof<Gradients>(), g = v + ROW, dv = g + ROW;
  const sums = changetype<RowSums>(dv + ROW), G = dv + ROW + offsetof<RowSums>();
  const states = G + blockBytes, starts = <usize>task.starts + matrix * <usize>task.startBytes;
  const stride = valueSize << 2, corner = (matrix * keySize * valueSize + column) << 2;
  firstPosition(task, matrix / <usize>task.heads, matrix % <usize>task.heads, column, position);
  firstGradients(task, matrix, position, to);
  if (column == 0) clear(task, matrix, position, to);

  toBlock(task.state ? <usize>task.state + corner : 0, stride, keySize, count, states);
  for (let t: usize = 0; t < time; t++) {
    if (t % chunk == 0) memory.copy(starts + (t / chunk) * blockBytes, states, blockBytes);
    toRow(position.v, count, v);
    write(states, states, position, keySize, v);
    position.move(1);
    to.move(position, 1);
  }
  toBlock(<usize>task.dLast + corner, stride, keySize, count, G);
  for (let end = time; end > 0; ) {
    const first = ((end - 1) / chunk) * chunk, length = end - first;
    position.move(-<isize>length);
    memory.copy(states, starts + (first / chunk) * blockBytes, blockBytes);
    for (let t: usize = 1; t < length; t++) {
      toRow(position.v, count, v);
      write(states + (t - 1) * blockBytes, states + t * blockBytes, position, keySize, v);
      position.move(1);
    }
    position.move(1);
    for (let t = length; t > 0; t--) {
      position.move(-1);
      to.move(position, -1);
      toRow(position.v, count, v);
      toRow(to.g, count, g);
      const s = states + (t - 1) * blockBytes;
      if (position.u) backOverRead(s, G, position, to, keySize, v, g, dv, sums);
      else backOverWrite(s, G, position, to, keySize, v, g, dv, sums);
      fromRow(dv, count, to.dv);
    }
    end = first;
  }
  if (task.dState) fromBlock(G, stride, keySize, count, <usize>task.dState + corner);
}

/** Piece: a head of a row of the batch. */
function recurrenceGradientPiece(args: usize, piece: i32): void {
  const task = changetype<RecurrenceGradientTask>(args);
  for (let column: usize = 0; column < <usize>task.valueSize; column += BLOCK)
    columnsGradient(task, <usize>piece, column);
}

export function jobLinearRecurrenceGradient(): u32 {
  return recurrenceGradientPiece.index;
}
