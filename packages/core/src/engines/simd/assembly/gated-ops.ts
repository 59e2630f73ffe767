/** GELU and SiLU with their gradients, as classes for `loops.ts`. `reference.ts` of the kernels has the formulas. */
import {erf4, exp4, expNegative4} from './math';
import {multiplyAdd} from './simd';

@inline const SQRT_HALF: f32 = 0.7071067811865476;
/** 1 / sqrt(2 pi). */
@inline const DENSITY_AT_0: f32 = 0.3989422804014327;
/** 2 sqrt(2 / pi), and the factor of x^3 beside it. */
@inline const TANH_SCALE: f32 = 1.5957691216057308;
@inline const TANH_CUBE: f32 = 0.07135481282752738;

@inline function splat(value: f32): v128 {
  return f32x4.splat(value);
}

/** 1 / (1 + e^x). */
@inline function sigmoidOfMinus(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(exp4(x), splat(1)));
}

/** (1 + erf(x / sqrt 2)) / 2. */
@inline function normalDistribution(x: v128): v128 {
  return multiplyAdd(erf4(f32x4.mul(x, splat(SQRT_HALF))), splat(0.5), splat(0.5));
}

/** x distribution(x), exact. */
@unmanaged export class Gelu {
  @inline apply(x: v128): v128 {
    return f32x4.mul(x, normalDistribution(x));
  }
}

/** -2 u, where the approximate distribution is (1 + tanh u) / 2 = sigmoid(2 u). */
@inline function minusTwiceTanhArgument(x: v128): v128 {
  return f32x4.mul(x, multiplyAdd(f32x4.mul(x, x), splat(-TANH_CUBE), splat(-TANH_SCALE)));
}

/** x distribution(x), approximate. */
@unmanaged export class GeluTanh {
  @inline apply(x: v128): v128 {
    return f32x4.div(x, f32x4.add(exp4(minusTwiceTanhArgument(x)), splat(1)));
  }
}

/** g (distribution(x) + x density(x)), exact. */
@unmanaged export class GeluGradient {
  @inline apply(g: v128, x: v128): v128 {
    const density = f32x4.mul(expNegative4(f32x4.mul(f32x4.mul(x, x), splat(-0.5))), splat(DENSITY_AT_0));
    return f32x4.mul(g, multiplyAdd(x, density, normalDistribution(x)));
  }
}

/** g (distribution(x) + x density(x)), approximate. */
@unmanaged export class GeluTanhGradient {
  @inline apply(g: v128, x: v128): v128 {
    const distribution = sigmoidOfMinus(minusTwiceTanhArgument(x));
    const slope = multiplyAdd(f32x4.mul(x, x), splat(3 * TANH_CUBE), splat(TANH_SCALE));
    const density = f32x4.mul(f32x4.mul(distribution, f32x4.sub(splat(1), distribution)), slope);
    return f32x4.mul(g, multiplyAdd(x, density, distribution));
  }
}

/** x sigmoid(x). */
@unmanaged export class Silu {
  @inline apply(x: v128): v128 {
    return f32x4.div(x, f32x4.add(exp4(f32x4.neg(x)), splat(1)));
  }
}

/** g (s + x s (1 - s)), s = sigmoid(x). */
@unmanaged export class SiluGradient {
  @inline apply(g: v128, x: v128): v128 {
    const s = sigmoidOfMinus(f32x4.neg(x));
    const slope = f32x4.mul(s, f32x4.sub(splat(1), s));
    return f32x4.mul(g, multiplyAdd(x, slope, s));
  }
}
