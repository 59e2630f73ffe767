/** The gradient of the delta rule, see `kernels/delta-rule/gradient.ts`; states are computed again, as in the recurrence's. */
import {correct, DeltaPosition, DeltaTask, firstDeltaPosition, lookUp} from './delta-rule';
import {loadLanes} from './lanes';
import {sumLanes} from './row-parts';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';
import {addTo, BLOCK, fourSums, fromBlock, fromRow, product, ROW, toBlock, toRow} from './state-columns';

@unmanaged class DeltaGradientTask extends DeltaTask {
  dOutput: u32;
  dLast: u32;
  dQueries: u32;
  dKeys: u32;
  dValues: u32;
  dLookups: u32;
  dCorrections: u32;
  /** Like the decay or, where that is the same for all positions, for each row of the batch. */
  dDecay: u32;
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
  da: usize;
  db: usize;
  dd: usize;

  @inline move(position: DeltaPosition, count: isize): void {
    this.g += count * position.valueStep;
    this.dq += count * position.keyStep;
    this.dk += count * position.keyStep;
    this.dv += count * position.valueStep;
    this.da += count * position.keyStep;
    this.db += count * position.keyStep;
    this.dd += count * position.decayStep;
  }
}

/** Rows of a block: what belongs to the columns at a position; then room for the sums of 4 rows of the state. */
@unmanaged class Rows {
  v0: v128; v1: v128; v2: v128; v3: v128;
  g0: v128; g1: v128; g2: v128; g3: v128;
  dv0: v128; dv1: v128; dv2: v128; dv3: v128;
  found0: v128; found1: v128; found2: v128; found3: v128;
  dFound0: v128; dFound1: v128; dFound2: v128; dFound3: v128;
  q0: v128; q1: v128; q2: v128; q3: v128;
  k0: v128; k1: v128; k2: v128; k3: v128;
  b0: v128; b1: v128; b2: v128; b3: v128;
  d0: v128; d1: v128; d2: v128; d3: v128;
}

@inline function rowOf(rows: Rows, offset: usize): usize {
  return changetype<usize>(rows) + offset;
}

/** G <- G + q gᵀ, and all gradients that need no more than this G and the state before: those of q, k, b and the decay. */
function intoRows(s: usize, G: usize, position: DeltaPosition, to: Gradients, size: usize, rows: Rows): void {
  const v = rowOf(rows, offsetof<Rows>('v0')), g = rowOf(rows, offsetof<Rows>('g0')), found = rowOf(rows, offsetof<Rows>('found0'));
  const ofKey = f32x4.splat(sumLanes(product(v, g))), ofCorrection = f32x4.splat(sumLanes(product(found, g)));
  const g0 = v128.load(g), g1 = v128.load(g, 16), g2 = v128.load(g, 32), g3 = v128.load(g, 48);
  for (let i: usize = 0; i < size; i += 4) {
    const count = min(<usize>4, size - i), offset = i << 2;
    for (let r: usize = 0; r < count; r++, s += ROW, G += ROW) {
      const q = v128.load32_splat(position.q + offset + (r << 2)), sum = rowOf(rows, r << 4);
      v128.store(G, multiplyAdd(q, g0, v128.load(G)));
      v128.store(G, multiplyAdd(q, g1, v128.load(G, 16)), 16);
      v128.store(G, multiplyAdd(q, g2, v128.load(G, 32)), 32);
      v128.store(G, multiplyAdd(q, g3, v128.load(G, 48)), 48);
      v128.store(sum, product(s, g), offsetof<Rows>('q0'));
      v128.store(sum, product(G, v), offsetof<Rows>('k0'));
      v128.store(sum, product(G, found), offsetof<Rows>('b0'));
      v128.store(sum, product(G, s), offsetof<Rows>('d0'));
    }
    const d = loadLanes(position.d + offset, count);
    const ofRead = multiplyAdd(loadLanes(position.b + offset, count), ofCorrection, f32x4.mul(loadLanes(position.k + offset, count), ofKey));
    addTo(to.dq + offset, multiplyAdd(d, fourSums(rowOf(rows, offsetof<Rows>('q0'))), ofRead), count);
    addTo(to.dk + offset, fourSums(rowOf(rows, offsetof<Rows>('k0'))), count);
    addTo(to.db + offset, fourSums(rowOf(rows, offsetof<Rows>('b0'))), count);
    addTo(to.dd + offset, f32x4.mul(d, fourSums(rowOf(rows, offsetof<Rows>('d0')))), count);
  }
}

/** The gradient of a, and G <- d G + a dFoundᵀ. */
function outOfRows(s: usize, G: usize, position: DeltaPosition, to: Gradients, size: usize, rows: Rows): void {
  const dFound = rowOf(rows, offsetof<Rows>('dFound0'));
  const f0 = v128.load(dFound), f1 = v128.load(dFound, 16), f2 = v128.load(dFound, 32), f3 = v128.load(dFound, 48);
  for (let i: usize = 0; i < size; i += 4) {
    const count = min(<usize>4, size - i), offset = i << 2;
    for (let r: usize = 0; r < count; r++, s += ROW, G += ROW) {
      const a = v128.load32_splat(position.a + offset + (r << 2)), d = v128.load32_splat(position.d + offset + (r << 2));
      v128.store(rowOf(rows, r << 4), product(s, dFound), offsetof<Rows>('q0'));
      v128.store(G, multiplyAdd(d, v128.load(G), f32x4.mul(a, f0)));
      v128.store(G, multiplyAdd(d, v128.load(G, 16), f32x4.mul(a, f1)), 16);
      v128.store(G, multiplyAdd(d, v128.load(G, 32), f32x4.mul(a, f2)), 32);
      v128.store(G, multiplyAdd(d, v128.load(G, 48), f32x4.mul(a, f3)), 48);
    }
    addTo(to.da + offset, fourSums(rowOf(rows, offsetof<Rows>('q0'))), count);
  }
}

/** Back over a position, whose rows v and g are there; `s` is the state before it. */
function back(s: usize, G: usize, position: DeltaPosition, to: Gradients, size: usize, rows: Rows): void {
  lookUp(s, position.a, size, rowOf(rows, offsetof<Rows>('found0')));
  intoRows(s, G, position, to, size, rows);
  lookUp(G, position.k, size, rowOf(rows, offsetof<Rows>('dv0')));
  lookUp(G, position.b, size, rowOf(rows, offsetof<Rows>('dFound0')));
  outOfRows(s, G, position, to, size, rows);
}

/** The gradients of a head's first position, for columns from `column` on. */
function firstGradients(task: DeltaGradientTask, matrix: usize, position: DeltaPosition, to: Gradients): void {
  const key = position.k - <usize>task.keys, value = position.v - <usize>task.values;
  to.g = <usize>task.dOutput + value;
  to.dq = <usize>task.dQueries + key;
  to.dk = <usize>task.dKeys + key;
  to.dv = <usize>task.dValues + value;
  to.da = <usize>task.dLookups + key;
  to.db = <usize>task.dCorrections + key;
  to.dd = <usize>task.dDecay + (task.decayStep ? position.d - <usize>task.decay : (matrix * <usize>task.keySize) << 2);
}

/** Sets the gradients that are sums over columns to 0. */
function clear(task: DeltaGradientTask, position: DeltaPosition, to: Gradients): void {
  const bytes = <usize>task.keySize << 2;
  for (let t: usize = 0; t < <usize>task.time; t++) {
    memory.fill(to.dq + t * position.keyStep, 0, bytes);
    memory.fill(to.dk + t * position.keyStep, 0, bytes);
    memory.fill(to.da + t * position.keyStep, 0, bytes);
    memory.fill(to.db + t * position.keyStep, 0, bytes);
    memory.fill(to.dd + t * position.decayStep, 0, bytes);
  }
}

/** The state after the position; its value row and what it looks up are left in `rows`. */
function step(s: usize, next: usize, position: DeltaPosition, size: usize, count: usize, rows: Rows): void {
  const v = rowOf(rows, offsetof<Rows>('v0')), found = rowOf(rows, offsetof<Rows>('found0'));
  toRow(position.v, count, v);
  lookUp(s, position.a, size, found);
  correct(s, next, position, size, v, found);
}

/** All of the gradient that some columns of a head's state have to do with. */
function columnsGradient(task: DeltaGradientTask, matrix: usize, column: usize): void {
  const keySize = <usize>task.keySize, valueSize = <usize>task.valueSize, time = <usize>task.time, chunk = <usize>task.chunk;
  const count = min(BLOCK, valueSize - column), blockBytes = keySize * ROW;
  const position = changetype<DeltaPosition>(scratch), to = changetype<Gradients>(scratch + offsetof<DeltaPosition>());
  const rows = changetype<Rows>(changetype<usize>(to) + offsetof<Gradients>());
  const G = rowOf(rows, offsetof<Rows>()), states = G + blockBytes;
  const starts = <usize>task.starts + matrix * <usize>task.startBytes;
  const stride = valueSize << 2, corner = (matrix * keySize * valueSize + column) << 2;
  firstDeltaPosition(task, matrix, column, position);
  firstGradients(task, matrix, position, to);
  if (column == 0) clear(task, position, to);

  toBlock(task.state ? <usize>task.state + corner : 0, stride, keySize, count, states);
  for (let t: usize = 0; t < time; t++) {
    if (t % chunk == 0) memory.copy(starts + (t / chunk) * blockBytes, states, blockBytes);
    step(states, states, position, keySize, count, rows);
    position.go(1);
    to.move(position, 1);
  }
  toBlock(<usize>task.dLast + corner, stride, keySize, count, G);
  for (let end = time; end > 0; ) {
    const first = ((end - 1) / chunk) * chunk, length = end - first;
    position.go(-<isize>length);
    memory.copy(states, starts + (first / chunk) * blockBytes, blockBytes);
    for (let t: usize = 1; t < length; t++) {
      step(states + (t - 1) * blockBytes, states + t * blockBytes, position, keySize, count, rows);
      position.go(1);
    }
    position.go(1);
    for (let t = length; t > 0; t--) {
      position.go(-1);
      to.move(position, -1);
      toRow(position.v, count, rowOf(rows, offsetof<Rows>('v0')));
      toRow(to.g, count, rowOf(rows, offsetof<Rows>('g0')));
      back(states + (t - 1) * blockBytes, G, position, to, keySize, rows);
      fromRow(rowOf(rows, offsetof<Rows>('dv0')), count, to.dv);
    }
    end = first;
  }
  if (task.dState) fromBlock(G, stride, keySize, count, <usize>task.dState + corner);
}

/** Piece: a head of a row of the batch. */
function deltaRuleGradientPiece(args: usize, piece: i32): void {
  const task = changetype<DeltaGradientTask>(args);
  for (let column: usize = 0; column < <usize>task.valueSize; column += BLOCK) columnsGradient(task, <usize>piece, column);
}

export function jobDeltaRuleGradient(): u32 {
  return deltaRuleGradientPiece.index;
}
