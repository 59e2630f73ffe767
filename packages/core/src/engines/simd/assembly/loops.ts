/**
 * Loops of element-wise operations. An operation is a class whose `apply` works on 4 values, or `value` on one in double
 * precision where there is no vector code for it; its fields, if any, are the parameters that lie at `self`.
 */

/** 4 masks as bytes 0 and 1, in the lowest 4. */
@inline export function toBytes(masks: v128): v128 {
  const shorts = i16x8.narrow_i32x4_s(masks, masks);
  return v128.and(i8x16.narrow_i16x8_s(shorts, shorts), i8x16.splat(1));
}

/** The 4 bytes at an address as whole numbers. */
@inline export function fromBytes(from: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
}

// Maps: to[i] = apply(from[i]). They work on whole vectors, since the room of a tensor is a multiple of 16 bytes.

export function map<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 12; count -= 16, from += 64, to += 64) {
    v128.store(to, op.apply(v128.load(from)));
    v128.store(to, op.apply(v128.load(from, 16)), 16);
    v128.store(to, op.apply(v128.load(from, 32)), 32);
    v128.store(to, op.apply(v128.load(from, 48)), 48);
  }
  for (; count > 0; count -= 4, from += 16, to += 16) v128.store(to, op.apply(v128.load(from)));
}

/** Of operations with many instructions: two vectors fill each other's waiting times, and more find no registers. */
export function mapLong<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 4; count -= 8, from += 32, to += 32) {
    const x = op.apply(v128.load(from)), y = op.apply(v128.load(from, 16));
    v128.store(to, x);
    v128.store(to, y, 16);
  }
  if (count > 0) v128.store(to, op.apply(v128.load(from)));
}

export function mapSingly<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 0; count--, from += 4, to += 4) store<f32>(to, <f32>op.value(<f64>load<f32>(from)));
}

/** From 4 bytes each to masks, stored as bytes. */
export function mapToBytes<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 0; count -= 4, from += 16, to += 4) v128.store32_lane(to, toBytes(op.apply(v128.load(from))), 0);
}

export function mapBytes<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 0; count -= 16, from += 16, to += 16) v128.store(to, op.apply(v128.load(from)));
}

/** From bytes, widened to 4 bytes each. */
export function mapFromBytes<Op>(self: usize, from: usize, to: usize, count: isize): void {
  const op = changetype<Op>(self);
  for (; count > 0; count -= 4, from += 4, to += 16) v128.store(to, op.apply(fromBytes(from)));
}

// Zips: to[i] = apply(a[i], b[i]), where an input may be one value for the whole row (`fixed`), not both. Rows end
// anywhere: what follows them may be another thread's and is not touched.

/** The first `count` (1 to 3) of 4 values. */
@inline function loadPart(from: usize, count: isize): v128 {
  let x = v128.load32_zero(from);
  if (count > 1) x = v128.load32_lane(from, x, 1, 4);
  if (count > 2) x = v128.load32_lane(from, x, 2, 8);
  return x;
}

@inline function storePart(to: usize, x: v128, count: isize): void {
  v128.store32_lane(to, x, 0);
  if (count > 1) v128.store32_lane(to, x, 1, 4);
  if (count > 2) v128.store32_lane(to, x, 2, 8);
}

export function zip<Op>(a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  if (!fixedA && !fixedB) {
    const op = changetype<Op>(0);
    for (; count >= 8; count -= 8, a += 32, b += 32, to += 32) {
      const x = op.apply(v128.load(a), v128.load(b)), y = op.apply(v128.load(a, 16), v128.load(b, 16));
      v128.store(to, x);
      v128.store(to, y, 16);
    }
  }
  zipLong<Op>(a, b, to, count, fixedA, fixedB);
}

/** Of operations for two of which there are not enough registers. */
export function zipLong<Op>(a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  const op = changetype<Op>(0);
  if (fixedA) {
    const x = v128.load32_splat(a);
    for (; count >= 4; count -= 4, b += 16, to += 16) v128.store(to, op.apply(x, v128.load(b)));
    if (count > 0) storePart(to, op.apply(x, loadPart(b, count)), count);
  } else if (fixedB) {
    const y = v128.load32_splat(b);
    for (; count >= 4; count -= 4, a += 16, to += 16) v128.store(to, op.apply(v128.load(a), y));
    if (count > 0) storePart(to, op.apply(loadPart(a, count), y), count);
  } else {
    for (; count >= 4; count -= 4, a += 16, b += 16, to += 16) v128.store(to, op.apply(v128.load(a), v128.load(b)));
    if (count > 0) storePart(to, op.apply(loadPart(a, count), loadPart(b, count)), count);
  }
}

export function zipSingly<Op>(a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  const op = changetype<Op>(0);
  const stepA: usize = fixedA ? 0 : 4, stepB: usize = fixedB ? 0 : 4;
  for (; count > 0; count--, a += stepA, b += stepB, to += 4) op.store(to, a, b);
}

/** From 4 bytes each to masks, stored as bytes. */
export function zipToBytes<Op>(a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  const op = changetype<Op>(0);
  const stepA: usize = fixedA ? 0 : 4, stepB: usize = fixedB ? 0 : 4;
  for (; count >= 4; count -= 4, a += 4 * stepA, b += 4 * stepB, to += 4) {
    const x = fixedA ? v128.load32_splat(a) : v128.load(a), y = fixedB ? v128.load32_splat(b) : v128.load(b);
    v128.store32_lane(to, toBytes(op.apply(x, y)), 0);
  }
  for (; count > 0; count--, a += stepA, b += stepB, to++)
    v128.store8_lane(to, toBytes(op.apply(v128.load32_zero(a), v128.load32_zero(b))), 0);
}

export function zipBytes<Op>(a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  const op = changetype<Op>(0);
  const stepA: usize = fixedA ? 0 : 1, stepB: usize = fixedB ? 0 : 1;
  for (; count >= 16; count -= 16, a += 16 * stepA, b += 16 * stepB, to += 16) {
    const x = fixedA ? v128.load8_splat(a) : v128.load(a), y = fixedB ? v128.load8_splat(b) : v128.load(b);
    v128.store(to, op.apply(x, y));
  }
  for (; count > 0; count--, a += stepA, b += stepB, to++)
    v128.store8_lane(to, op.apply(v128.load8_splat(a), v128.load8_splat(b)), 0);
}
