/** GELU and SiLU with their gradients, as classes for `loops.ts`. `reference.ts` of the kernels has the formulas. */
import {erf4, exp4, expNegative4} from './math';
import {constant, multiplyAdd} from './simd';

// Constants are kept in memory, see `constant`.
const ONE: usize = memory.data<f32>([1]);
/** sqrt(1/2), 1/2, -1/2, and the normal density at 0: 1 / sqrt(2 pi). */
const NORMAL: usize = memory.data<f32>([0.7071067811865476, 0.5, -0.5, 0.3989422804014327]);
/** -2 sqrt(2 / pi), and the factor of x^3 beside it. */
const MINUS_TANH: usize = memory.data<f32>([-1.5957691216057308, -0.07135481282752738]);
/** The derivative: 2 sqrt(2 / pi), and the factor of x^2 beside it. */
const TANH_SLOPE: usize = memory.data<f32>([1.5957691216057308, 3 * 0.07135481282752738]);

/** 1 / (1 + e^x). */
@inline function sigmoidOfMinus(x: v128): v128 {
  return f32x4.div(constant(ONE), f32x4.add(exp4(x), constant(ONE)));
}

/** (1 + erf(x / sqrt 2)) / 2. */
@inline function normalDistribution(x: v128): v128 {
  return multiplyAdd(erf4(f32x4.mul(x, constant(NORMAL))), constant(NORMAL, 1), constant(NORMAL, 1));
}

/** x distribution(x), exact. */
@unmanaged export class Gelu {
  @inline apply(x: v128): v128 {
    return f32x4.mul(x, normalDistribution(x));
  }
}

/** -2 u, where the approximate distribution is (1 + tanh u) / 2 = sigmoid(2 u). */
@inline function minusTwiceTanhArgument(x: v128): v128 {
  return f32x4.mul(x, multiplyAdd(f32x4.mul(x, x), constant(MINUS_TANH, 1), constant(MINUS_TANH)));
}

/** x distribution(x), approximate. */
@unmanaged export class GeluTanh {
  @inline apply(x: v128): v128 {
    return f32x4.div(x, f32x4.add(exp4(minusTwiceTanhArgument(x)), constant(ONE)));
  }
}

/** g (distribution(x) + x density(x)), exact. */
@unmanaged export class GeluGradient {
  @inline apply(g: v128, x: v128): v128 {
    const density = f32x4.mul(expNegative4(f32x4.mul(f32x4.mul(x, x), constant(NORMAL, 2))), constant(NORMAL, 3));
    return f32x4.mul(g, multiplyAdd(x, density, normalDistribution(x)));
  }
}

/** g (distribution(x) + x density(x)), approximate. */
@unmanaged export class GeluTanhGradient {
  @inline apply(g: v128, x: v128): v128 {
    const distribution = sigmoidOfMinus(minusTwiceTanhArgument(x));
    const slope = multiplyAdd(f32x4.mul(x, x), constant(TANH_SLOPE, 1), constant(TANH_SLOPE));
    const density = f32x4.mul(f32x4.mul(distribution, f32x4.sub(constant(ONE), distribution)), slope);
    return f32x4.mul(g, multiplyAdd(x, density, distribution));
  }
}

/** x sigmoid(x). */
@unmanaged export class Silu {
  @inline apply(x: v128): v128 {
    return f32x4.div(x, f32x4.add(exp4(f32x4.neg(x)), constant(ONE)));
  }
}

/** g (s + x s (1 - s)), s = sigmoid(x). */
@unmanaged export class SiluGradient {
  @inline apply(g: v128, x: v128): v128 {
    const s = sigmoidOfMinus(f32x4.neg(x));
    const slope = f32x4.mul(s, f32x4.sub(constant(ONE), s));
    return f32x4.mul(g, multiplyAdd(x, slope, s));
  }
}
