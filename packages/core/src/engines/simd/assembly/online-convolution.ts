/**
 * The next positions of causal long convolutions, see `kernels/online-convolution`: what earlier positions add to later
 * ones is computed by blocks, each of which is written, never added to, so that a step can be taken again.
 *
 * Positions are counted from a base. Position p gets what was carried over the base; for each bit q of p that is set, what
 * the block of 2^q positions added that ends where p's lower bits are zero; and, from positions whose upper bits are those
 * of p, the products themselves.
 */
import {numberOf, takeRows} from './convolution-task';
import {loadLanes, storeLanes} from './lanes';
import {convolveBlock} from './long-convolution';
import {multiplyAdd} from './simd';
import {POINT, transformSkew} from './skew-fft';
import {FLAG_BYTES, giveBackSlot, takeSlot} from './work-slots';

/** Positions of the shortest block. */
@inline const SHORTEST: usize = 32;

@unmanaged class OnlineTask {
  /** [batch][time][channels] */
  x: u32;
  output: u32;
  /** [filterLength][channels] */
  filter: u32;
  /** [batch][capacity][channels] each */
  inputs: u32;
  carried: u32;
  blocks: u32;
  /** Where the numbers lie, and where the new base is written. */
  length: u32;
  base: u32;
  newBase: u32;
  batch: u32;
  time: u32;
  channels: u32;
  filterLength: u32;
  capacity: u32;
  /** Factors of transforms of 4^k points, and of 2 4^k; those of fewer are at the start of those of more. */
  evenFactors: u32;
  oddFactors: u32;
  /** See `work-slots.ts`. */
  slots: u32;
  numSlots: u32;
  slotBytes: u32;
}

/** 4 channels of a task. */
@unmanaged class Channels {
  /** Bytes before the first of them in a row, and how many there are. */
  offset: usize;
  lanes: usize;
  /** Bytes of a row, and of all positions of a stream. */
  row: usize;
  stream: usize;
  /** Memory for two transforms. */
  space: usize;
}

/**
 * What `count` positions from `first` on add to outputs: with `taps` taps from lag `lag` on, numbers `from` .. `from +
 * wanted - 1` of the convolution, as rows at `to`, `toStream` bytes from a stream to the next. Of a convolution of so many
 * numbers, what wraps around meets none of the wanted ones.
 */
function contribute(
  task: OnlineTask, own: Channels, first: usize, count: usize, lag: usize, taps: usize, numbers: usize,
  from: usize, wanted: usize, to: usize, toStream: usize,
): void {
  const there = lag < <usize>task.filterLength ? min(taps, <usize>task.filterLength - lag) : 0;
  const log = max(2, 31 - clz<i32>(<i32>(numbers - 1 | 1)));
  const points = <usize>1 << log, factors = <usize>(log & 1 ? task.oddFactors : task.evenFactors);
  const w = own.space, z = w + points * POINT, scale = f32x4.splat(1 / <f32>points);
  takeRows(<usize>task.filter + lag * own.row + own.offset, 0, own.row, there, own.lanes, w, points);
  transformSkew(w, points, factors, 0, 1);
  let inputs = <usize>task.inputs + first * own.row + own.offset;
  for (let b: usize = 0; b < <usize>task.batch; b++, inputs += own.stream, to += toStream) {
    takeRows(inputs, 0, own.row, count, own.lanes, z, points);
    convolveBlock(z, w, points, factors, 0, 1);
    for (let i: usize = 0, at = to; i < wanted; i++, at += own.row)
      storeLanes(at, numberOf(z, points, from + i, scale), own.lanes);
  }
}

/** What the last `count` positions before `position` add to `wanted` ones from it on. */
function contributeAfter(task: OnlineTask, own: Channels, position: usize, count: usize, wanted: usize, to: usize): void {
  const numbers = count + wanted - 1;
  contribute(task, own, position - count, count, 1, numbers, numbers, count - 1, wanted, to + own.offset, own.stream);
}

/** What `count` positions from `position` on add to their own outputs, at `to`. */
function contributeWithin(task: OnlineTask, own: Channels, position: usize, count: usize, to: usize): void {
  contribute(task, own, position, count, 0, count, 2 * count - 1, 0, count, to, <usize>task.time * own.row);
}

/** The products of a position with those from `first` on, itself included, as the output of a row. */
function addProducts(task: OnlineTask, own: Channels, first: usize, position: usize, inputs: usize, to: usize): void {
  const furthest = min(position - first, <usize>task.filterLength - 1);
  let sum = f32x4.splat(0), at = inputs + (position - furthest) * own.row;
  let tap = <usize>task.filter + furthest * own.row + own.offset;
  for (let lag = <isize>furthest; lag >= 0; lag--, at += own.row, tap -= own.row)
    sum = multiplyAdd(loadLanes(at, own.lanes), loadLanes(tap, own.lanes), sum);
  storeLanes(to, sum, own.lanes);
}

/** Adds to `count` outputs what was carried over the base, and what blocks have added. `since`: positions since the base. */
function addEarlier(task: OnlineTask, own: Channels, position: usize, since: usize, count: usize, stream: usize, to: usize): void {
  const carried = <usize>task.carried + stream, blocks = <usize>task.blocks + stream;
  for (let i: usize = 0; i < count; i++, to += own.row) {
    let sum = f32x4.add(loadLanes(to, own.lanes), loadLanes(carried + (position + i) * own.row, own.lanes));
    for (let bits = since & ~(SHORTEST - 1); bits != 0; bits &= bits - 1) {
      const block = bits & (0 - bits);
      sum = f32x4.add(sum, loadLanes(blocks + (block + (since + i & block - 1)) * own.row, own.lanes));
    }
    storeLanes(to, sum, own.lanes);
  }
}

/** How many of the next positions make one block with those before. */
@inline function nextCount(since: usize, left: usize): usize {
  if (left < SHORTEST || (since & SHORTEST - 1) != 0) return 1;
  const fits = <usize>1 << (31 - clz<i32>(<i32>left));
  return since == 0 ? fits : min(fits, since & (0 - since));
}

/** The outputs of the next `count` positions. */
function giveOutputs(task: OnlineTask, own: Channels, position: usize, since: usize, count: usize, to: usize): void {
  const toStream = <usize>task.time * own.row;
  if (count > 1) contributeWithin(task, own, position, count, to);
  for (let b: usize = 0, stream = own.offset; b < <usize>task.batch; b++, stream += own.stream, to += toStream) {
    if (count == 1) addProducts(task, own, position - (since & SHORTEST - 1), position, <usize>task.inputs + stream, to);
    addEarlier(task, own, position, since, count, stream, to);
  }
}

/** Copies the new positions to those that were fed before. */
function appendInputs(task: OnlineTask, own: Channels, length: usize, count: usize): void {
  let from = <usize>task.x + own.offset, to = <usize>task.inputs + length * own.row + own.offset;
  for (let b: usize = 0; b < <usize>task.batch; b++, from += <usize>task.time * own.row, to += own.stream)
    for (let i: usize = 0; i < count * own.row; i += own.row) storeLanes(to + i, loadLanes(from + i, own.lanes), own.lanes);
}

/** Piece: 4 channels. */
function onlinePiece(args: usize, piece: i32): void {
  const task = changetype<OnlineTask>(args);
  const length = <usize>load<i32>(<usize>task.length), capacity = <usize>task.capacity;
  const count = min(<usize>task.time, length < capacity ? capacity - length : 0);
  const isCarried = load<i32>(<usize>task.base) >= 0, base = isCarried ? <usize>load<i32>(<usize>task.base) : length;
  if (piece == 0) store<i32>(<usize>task.newBase, <i32>base);
  const slot = takeSlot(<usize>task.slots, task.numSlots);
  const space = <usize>task.slots + <usize>task.numSlots * FLAG_BYTES + <usize>slot * <usize>task.slotBytes;
  const own = changetype<Channels>(space);
  own.offset = <usize>piece << 4;
  own.lanes = min<usize>(4, <usize>task.channels - (<usize>piece << 2));
  own.row = <usize>task.channels << 2;
  own.stream = capacity * own.row;
  own.space = space + offsetof<Channels>();
  appendInputs(task, own, length, count);
  if (!isCarried && length > 0 && length < capacity)
    contributeAfter(task, own, length, length, capacity - length, <usize>task.carried + length * own.row);
  for (let done: usize = 0; done < count; ) {
    const position = length + done, since = position - base, next = nextCount(since, count - done);
    giveOutputs(task, own, position, since, next, <usize>task.output + done * own.row + own.offset);
    done += next;
    const end = position + next, block = since + next & (0 - (since + next));
    if (block >= SHORTEST && end < capacity)
      contributeAfter(task, own, end, block, min(block, capacity - end), <usize>task.blocks + block * own.row);
  }
  giveBackSlot(<usize>task.slots, slot);
}

export function jobOnlineConvolution(): u32 {
  return onlinePiece.index;
}
