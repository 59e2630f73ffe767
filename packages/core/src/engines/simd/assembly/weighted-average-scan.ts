/**
 * A running average with decaying weights, see `kernels/weighted-average-scan`. A piece is a row of the batch and 16
 * channels, a cache line of every position; the sums of its channels stay in scratch memory.
 */
import {loadLanes, storeLanes} from './lanes';
import {expNegative4} from './math';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';

@unmanaged class WeightedAverageTask {
  keys: u32;
  values: u32;
  decay: u32;
  bonus: u32;
  /** The first state; 0 where there is none. */
  numerator: u32;
  denominator: u32;
  maximum: u32;
  output: u32;
  /** The last state; the gradient does not write it. */
  lastNumerator: u32;
  lastDenominator: u32;
  lastMaximum: u32;
  time: u32;
  channels: u32;
}

@unmanaged class WeightedAverageGradientTask extends WeightedAverageTask {
  dOutput: u32;
  dNumerator: u32;
  dDenominator: u32;
  dMaximum: u32;
  /** Gradients; those of decay and bonus for each row of the batch. */
  dKeys: u32;
  dValues: u32;
  dDecay: u32;
  dBonus: u32;
  /** Of the first state; 0 where there is none. */
  dFirstNumerator: u32;
  dFirstDenominator: u32;
  dFirstMaximum: u32;
}

/** Channels of a piece. */
@inline const GROUP: usize = 16;
/** Below every key. */
@inline const LOWEST: f32 = -1e38;

/** What 4 channels keep from position to position. */
@unmanaged class Sums {
  numerator: v128;
  denominator: v128;
  maximum: v128;
  decay: v128;
  bonus: v128;
  /** Derivatives of the sums by the decay, on the way forwards. */
  numeratorByDecay: v128;
  denominatorByDecay: v128;
  /** Gradients, on the way back. */
  dNumerator: v128;
  dDenominator: v128;
  dMaximum: v128;
  dDecay: v128;
  dBonus: v128;
}

@inline function sumsOf(vector: usize): Sums {
  return changetype<Sums>(scratch + vector * offsetof<Sums>());
}

/** e^(x - max(x, y)), from e^-|x - y| */
@inline function weightOf(x: v128, y: v128, smaller: v128): v128 {
  return v128.bitselect(smaller, f32x4.splat(1), f32x4.lt(x, y));
}

/** e^-|x - y|, the weight of the smaller of two logarithms relative to the larger. */
@inline function smallerWeight(x: v128, y: v128): v128 {
  return expNegative4(f32x4.neg(f32x4.abs(f32x4.sub(x, y))));
}

function begin(task: WeightedAverageTask, row: usize, channel: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    const sums = sumsOf(i >> 2), lanes = min(<usize>4, count - i);
    const own = (channel + i) << 2, at = ((row * <usize>task.channels) << 2) + own;
    const zero = f32x4.splat(0), isFirst = task.numerator == 0;
    sums.numerator = isFirst ? zero : loadLanes(<usize>task.numerator + at, lanes);
    sums.denominator = isFirst ? zero : loadLanes(<usize>task.denominator + at, lanes);
    sums.maximum = isFirst ? f32x4.splat(LOWEST) : loadLanes(<usize>task.maximum + at, lanes);
    sums.decay = loadLanes(<usize>task.decay + own, lanes);
    sums.bonus = loadLanes(<usize>task.bonus + own, lanes);
  }
}

/** Takes a position with this key and value into the sums. */
@inline function write(sums: Sums, k: v128, v: v128): void {
  const kept = f32x4.add(sums.maximum, sums.decay);
  const smaller = smallerWeight(kept, k);
  const before = weightOf(kept, k, smaller), own = weightOf(k, kept, smaller);
  sums.numerator = multiplyAdd(before, sums.numerator, f32x4.mul(own, v));
  sums.denominator = multiplyAdd(before, sums.denominator, own);
  sums.maximum = f32x4.pmax(kept, k);
}

/** Piece: 16 channels of a row of the batch. */
function weightedAveragePiece(args: usize, piece: i32): void {
  const task = changetype<WeightedAverageTask>(args);
  const channels = <usize>task.channels, groups = (channels + GROUP - 1) / GROUP;
  const row = <usize>piece / groups, channel = (<usize>piece % groups) * GROUP;
  const count = min(GROUP, channels - channel);
  begin(task, row, channel, count);
  let at = (row * <usize>task.time * channels + channel) << 2;
  for (let t: usize = 0; t < <usize>task.time; t++, at += channels << 2)
    for (let i: usize = 0; i < count; i += 4) {
      const sums = sumsOf(i >> 2), lanes = min(<usize>4, count - i), offset = at + (i << 2);
      const k = loadLanes(<usize>task.keys + offset, lanes), v = loadLanes(<usize>task.values + offset, lanes);
      const looked = f32x4.add(k, sums.bonus);
      const smaller = smallerWeight(sums.maximum, looked);
      const before = weightOf(sums.maximum, looked, smaller), own = weightOf(looked, sums.maximum, smaller);
      const sum = multiplyAdd(before, sums.numerator, f32x4.mul(own, v));
      storeLanes(<usize>task.output + offset, f32x4.div(sum, multiplyAdd(before, sums.denominator, own)), lanes);
      write(sums, k, v);
    }
  for (let i: usize = 0; i < count; i += 4) {
    const sums = sumsOf(i >> 2), lanes = min(<usize>4, count - i), to = (row * channels + channel + i) << 2;
    storeLanes(<usize>task.lastNumerator + to, sums.numerator, lanes);
    storeLanes(<usize>task.lastDenominator + to, sums.denominator, lanes);
    storeLanes(<usize>task.lastMaximum + to, sums.maximum, lanes);
  }
}

/**
 * One position on the way forwards: the part of decay's gradient that the sums' derivatives give. The maximum before the
 * position and 1 / the output's denominator wait where the gradients of key and value will stand.
 */
@inline function forwards(task: WeightedAverageGradientTask, sums: Sums, offset: usize, lanes: usize): void {
  const k = loadLanes(<usize>task.keys + offset, lanes), v = loadLanes(<usize>task.values + offset, lanes);
  const y = loadLanes(<usize>task.output + offset, lanes), dy = loadLanes(<usize>task.dOutput + offset, lanes);
  const looked = f32x4.add(k, sums.bonus);
  const smaller = smallerWeight(sums.maximum, looked);
  const before = weightOf(sums.maximum, looked, smaller), own = weightOf(looked, sums.maximum, smaller);
  const inverse = f32x4.div(f32x4.splat(1), multiplyAdd(before, sums.denominator, own));
  storeLanes(<usize>task.dKeys + offset, sums.maximum, lanes);
  storeLanes(<usize>task.dValues + offset, inverse, lanes);
  const byDecay = f32x4.sub(sums.numeratorByDecay, f32x4.mul(y, sums.denominatorByDecay));
  sums.dDecay = multiplyAdd(f32x4.mul(f32x4.mul(dy, inverse), before), byDecay, sums.dDecay);
  const kept = f32x4.add(sums.maximum, sums.decay);
  const keep = weightOf(kept, k, smallerWeight(kept, k));
  sums.numeratorByDecay = f32x4.mul(keep, f32x4.add(sums.numeratorByDecay, sums.numerator));
  sums.denominatorByDecay = f32x4.mul(keep, f32x4.add(sums.denominatorByDecay, sums.denominator));
  write(sums, k, v);
}

/** One position on the way back. */
@inline function backwards(task: WeightedAverageGradientTask, sums: Sums, offset: usize, lanes: usize): void {
  const k = loadLanes(<usize>task.keys + offset, lanes), v = loadLanes(<usize>task.values + offset, lanes);
  const y = loadLanes(<usize>task.output + offset, lanes), dy = loadLanes(<usize>task.dOutput + offset, lanes);
  const maximum = loadLanes(<usize>task.dKeys + offset, lanes);
  const scaled = f32x4.mul(dy, loadLanes(<usize>task.dValues + offset, lanes));
  const looked = f32x4.add(k, sums.bonus);
  const readSmaller = smallerWeight(maximum, looked);
  const ofOwn = f32x4.mul(scaled, weightOf(looked, maximum, readSmaller));
  const ofBefore = f32x4.mul(scaled, weightOf(maximum, looked, readSmaller));
  const kept = f32x4.add(maximum, sums.decay);
  const writeSmaller = smallerWeight(kept, k);
  const keep = weightOf(kept, k, writeSmaller), own = weightOf(k, kept, writeSmaller);

  const dOwn = f32x4.mul(ofOwn, f32x4.sub(v, y));
  const toKey = v128.and(sums.dMaximum, f32x4.gt(k, kept));
  sums.dMaximum = f32x4.sub(sums.dMaximum, toKey);
  sums.dBonus = f32x4.add(sums.dBonus, dOwn);
  sums.dDecay = f32x4.add(sums.dDecay, sums.dMaximum);
  storeLanes(<usize>task.dValues + offset, multiplyAdd(own, sums.dNumerator, ofOwn), lanes);
  const ofWeight = multiplyAdd(sums.dNumerator, v, sums.dDenominator);
  storeLanes(<usize>task.dKeys + offset, f32x4.add(multiplyAdd(own, ofWeight, dOwn), toKey), lanes);
  sums.dNumerator = multiplyAdd(keep, sums.dNumerator, ofBefore);
  sums.dDenominator = f32x4.sub(f32x4.mul(keep, sums.dDenominator), f32x4.mul(ofBefore, y));
}

/** At the end of the sequence: the gradients of the last state. */
@inline function turn(task: WeightedAverageGradientTask, sums: Sums, at: usize, lanes: usize): void {
  const dNumerator = loadLanes(<usize>task.dNumerator + at, lanes);
  const dDenominator = loadLanes(<usize>task.dDenominator + at, lanes);
  const ofSums = multiplyAdd(dNumerator, sums.numerator, f32x4.mul(dDenominator, sums.denominator));
  sums.dNumerator = dNumerator;
  sums.dDenominator = dDenominator;
  sums.dMaximum = f32x4.sub(loadLanes(<usize>task.dMaximum + at, lanes), ofSums);
  const byDecay = multiplyAdd(dNumerator, sums.numeratorByDecay, f32x4.mul(dDenominator, sums.denominatorByDecay));
  sums.dDecay = f32x4.add(sums.dDecay, byDecay);
}

/** Back at the beginning: the gradients that are sums over time, and those of the first state. */
@inline function finish(task: WeightedAverageGradientTask, sums: Sums, at: usize, lanes: usize): void {
  storeLanes(<usize>task.dDecay + at, sums.dDecay, lanes);
  storeLanes(<usize>task.dBonus + at, sums.dBonus, lanes);
  if (!task.dFirstNumerator) return;
  storeLanes(<usize>task.dFirstNumerator + at, sums.dNumerator, lanes);
  storeLanes(<usize>task.dFirstDenominator + at, sums.dDenominator, lanes);
  const numerator = loadLanes(<usize>task.numerator + at, lanes);
  const denominator = loadLanes(<usize>task.denominator + at, lanes);
  const ofSums = multiplyAdd(sums.dNumerator, numerator, f32x4.mul(sums.dDenominator, denominator));
  storeLanes(<usize>task.dFirstMaximum + at, f32x4.add(sums.dMaximum, ofSums), lanes);
}

/** Piece: the gradient of 16 channels of a row of the batch, see `kernels/weighted-average-scan/gradient.ts`. */
function weightedAverageGradientPiece(args: usize, piece: i32): void {
  const task = changetype<WeightedAverageGradientTask>(args);
  const channels = <usize>task.channels, groups = (channels + GROUP - 1) / GROUP, time = <usize>task.time;
  const row = <usize>piece / groups, channel = (<usize>piece % groups) * GROUP;
  const count = min(GROUP, channels - channel), step = channels << 2;
  const first = (row * time * channels + channel) << 2, ofState = (row * channels + channel) << 2;
  memory.fill(scratch, 0, (GROUP >> 2) * offsetof<Sums>());
  begin(task, row, channel, count);
  for (let t: usize = 0, at = first; t < time; t++, at += step)
    for (let i: usize = 0; i < count; i += 4) forwards(task, sumsOf(i >> 2), at + (i << 2), min(<usize>4, count - i));
  for (let i: usize = 0; i < count; i += 4) turn(task, sumsOf(i >> 2), ofState + (i << 2), min(<usize>4, count - i));
  for (let t: usize = 0, at = first + (time - 1) * step; t < time; t++, at -= step)
    for (let i: usize = 0; i < count; i += 4) backwards(task, sumsOf(i >> 2), at + (i << 2), min(<usize>4, count - i));
  for (let i: usize = 0; i < count; i += 4) finish(task, sumsOf(i >> 2), ofState + (i << 2), min(<usize>4, count - i));
}

export function jobWeightedAverageScan(): u32 {
  return weightedAveragePiece.index;
}

export function jobWeightedAverageScanGradient(): u32 {
  return weightedAverageGradientPiece.index;
}
