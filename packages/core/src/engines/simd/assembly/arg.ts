/**
 * Where the largest or smallest value of the middle axis of [outer, length, inner] stands: the first of equal ones. As
 * in tfjs a NaN never counts, unless it is the first value, which then is the answer.
 */
import {Arg} from './operations';

@unmanaged class ArgTask {
  operation: Arg;
  from: u32;
  to: u32;
  outer: u32;
  length: u32;
  inner: u32;
  /** Columns that a piece does, a multiple of 16 or inner, and outer indices. */
  blockColumns: u32;
  group: u32;
}

@unmanaged class Larger {
  @inline beats(a: v128, b: v128): v128 {
    return f32x4.gt(a, b);
  }
  @inline equals(a: v128, b: v128): v128 {
    return f32x4.eq(a, b);
  }
}

@unmanaged class Smaller {
  @inline beats(a: v128, b: v128): v128 {
    return f32x4.lt(a, b);
  }
  @inline equals(a: v128, b: v128): v128 {
    return f32x4.eq(a, b);
  }
}

@unmanaged class IntLarger {
  @inline beats(a: v128, b: v128): v128 {
    return i32x4.gt_s(a, b);
  }
  @inline equals(a: v128, b: v128): v128 {
    return i32x4.eq(a, b);
  }
}

@unmanaged class IntSmaller {
  @inline beats(a: v128, b: v128): v128 {
    return i32x4.lt_s(a, b);
  }
  @inline equals(a: v128, b: v128): v128 {
    return i32x4.eq(a, b);
  }
}

/** Which of two vectors of places to take, given the values there. */
@inline function secondIsBetter<Op>(values: v128, places: v128, others: v128, otherPlaces: v128): v128 {
  const op = changetype<Op>(0);
  const earlier = v128.and(op.equals(others, values), i32x4.lt_s(otherPlaces, places));
  return v128.or(op.beats(others, values), earlier);
}

/** Of `length` values one after the other. */
function argRow<Op>(from: usize, length: usize): i32 {
  const op = changetype<Op>(0);
  // Nothing beats a NaN here, nor is equal to it.
  const first = v128.load32_splat(from);
  let a = first, b = first, placesA = i32x4.splat(0), placesB = placesA;
  let i = i32x4(0, 1, 2, 3);
  const end = from + (length << 2);
  for (; from + 32 <= end; from += 32) {
    const x = v128.load(from), y = v128.load(from, 16), next = i32x4.add(i, i32x4.splat(4));
    const beatsA = op.beats(x, a), beatsB = op.beats(y, b);
    a = v128.bitselect(x, a, beatsA);
    b = v128.bitselect(y, b, beatsB);
    placesA = v128.bitselect(i, placesA, beatsA);
    placesB = v128.bitselect(next, placesB, beatsB);
    i = i32x4.add(next, i32x4.splat(4));
  }
  for (; from < end; from += 4, i = i32x4.add(i, i32x4.splat(1))) {
    const x = v128.load32_lane(from, first, 0);
    const beats = op.beats(x, a);
    a = v128.bitselect(x, a, beats);
    placesA = v128.bitselect(i, placesA, beats);
  }
  const takeB = secondIsBetter<Op>(a, placesA, b, placesB);
  return across<Op>(v128.bitselect(b, a, takeB), v128.bitselect(placesB, placesA, takeB));
}

/** The place of the best of 4 values. */
@inline function across<Op>(values: v128, places: v128): i32 {
  const others = v128.shuffle<i32>(values, values, 2, 3, 0, 1), otherPlaces = v128.shuffle<i32>(places, places, 2, 3, 0, 1);
  const take = secondIsBetter<Op>(values, places, others, otherPlaces);
  const a = v128.bitselect(others, values, take), placesA = v128.bitselect(otherPlaces, places, take);
  const b = v128.shuffle<i32>(a, a, 1, 0, 3, 2), placesB = v128.shuffle<i32>(placesA, placesA, 1, 0, 3, 2);
  return i32x4.extract_lane(v128.bitselect(placesB, placesA, secondIsBetter<Op>(a, placesA, b, placesB)), 0);
}

/** Of each of `columns` columns, `step` bytes from row to row: a line of the cache at a time. */
function argColumns<Op>(from: usize, to: usize, columns: usize, length: usize, step: usize): void {
  const op = changetype<Op>(0);
  const end = to + (columns << 2);
  for (; to + 64 <= end; to += 64, from += 64) {
    let a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
    let placesA = i32x4.splat(0), placesB = placesA, placesC = placesA, placesD = placesA;
    for (let row: usize = 1, at = from + step; row < length; row++, at += step) {
      const place = i32x4.splat(<i32>row);
      let x = v128.load(at), beats = op.beats(x, a);
      a = v128.bitselect(x, a, beats);
      placesA = v128.bitselect(place, placesA, beats);
      x = v128.load(at, 16), beats = op.beats(x, b);
      b = v128.bitselect(x, b, beats);
      placesB = v128.bitselect(place, placesB, beats);
      x = v128.load(at, 32), beats = op.beats(x, c);
      c = v128.bitselect(x, c, beats);
      placesC = v128.bitselect(place, placesC, beats);
      x = v128.load(at, 48), beats = op.beats(x, d);
      d = v128.bitselect(x, d, beats);
      placesD = v128.bitselect(place, placesD, beats);
    }
    v128.store(to, placesA);
    v128.store(to, placesB, 16);
    v128.store(to, placesC, 32);
    v128.store(to, placesD, 48);
  }
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, argVector<Op>(from, length, step, false));
  for (; to < end; to += 4, from += 4) v128.store32_lane(to, argVector<Op>(from, length, step, true), 0);
}

/** Of 4 columns, or of one. */
@inline function argVector<Op>(from: usize, length: usize, step: usize, single: bool): v128 {
  const op = changetype<Op>(0);
  let a = single ? v128.load32_splat(from) : v128.load(from), places = i32x4.splat(0);
  for (let row: usize = 1, at = from + step; row < length; row++, at += step) {
    const x = single ? v128.load32_splat(at) : v128.load(at), beats = op.beats(x, a);
    a = v128.bitselect(x, a, beats);
    places = v128.bitselect(i32x4.splat(<i32>row), places, beats);
  }
  return places;
}

/** Piece: some outer indices, or a block of columns of one. */
function argWith<Op>(task: ArgTask, piece: usize): void {
  const length = <usize>task.length, inner = <usize>task.inner, columns = <usize>task.blockColumns;
  const blocks = (inner + columns - 1) / columns;
  const column = (piece % blocks) * columns;
  const first = (piece / blocks) * <usize>task.group;
  const end = min(first + <usize>task.group, <usize>task.outer);
  for (let outer = first; outer < end; outer++) {
    const from = <usize>task.from + ((outer * length * inner + column) << 2);
    const to = <usize>task.to + ((outer * inner + column) << 2);
    if (inner == 1) store<i32>(to, argRow<Op>(from, length));
    else argColumns<Op>(from, to, min(columns, inner - column), length, inner << 2);
  }
}

function argPiece(args: usize, piece: i32): void {
  const task = changetype<ArgTask>(args);
  switch (task.operation) {
    case Arg.Max: return argWith<Larger>(task, <usize>piece);
    case Arg.Min: return argWith<Smaller>(task, <usize>piece);
    case Arg.IntMax: return argWith<IntLarger>(task, <usize>piece);
    case Arg.IntMin: return argWith<IntSmaller>(task, <usize>piece);
  }
}

export function jobArg(): u32 {
  return argPiece.index;
}
