/** a b + c: in one instruction where the build may use relaxed SIMD, else rounded twice. */
@inline export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** a b - c d. */
@inline export function minusProduct(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.mul(a, b);
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(c, d, ab) : f32x4.sub(ab, f32x4.mul(c, d));
}

/**
 * A constant of `memory.data` in all lanes, the `index`th of them. V8 builds a vector that is a literal with four
 * instructions at each use, and does not take them out of loops; this is one.
 */
@inline export function constant(address: usize, index: usize = 0): v128 {
  return v128.load32_splat(address + (index << 2));
}

/** Transposes the 4 x 4 floats whose rows begin at `from`, `stride` bytes apart, to `to`, `toStride` bytes apart. */
@inline export function transpose4(from: usize, stride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from), b = v128.load(from + stride), c = v128.load(from + 2 * stride), d = v128.load(from + 3 * stride);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(to + toStride, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7));
  v128.store(to + 2 * toStride, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5));
  v128.store(to + 3 * toStride, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7));
}

/** The sums of the lanes of each of 4 vectors. */
@inline export function sumAcross(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The largest lane of each of 4 vectors without NaN. */
@inline export function maxAcross(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.pmax(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.pmax(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.pmax(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
