/** What operations on one tensor compute that does not hold floats only, as classes for `loops.ts`. */

import {toInt32} from './whole';

@unmanaged export class IntAbs {
  @inline apply(x: v128): v128 {
    return i32x4.abs(x);
  }
}

@unmanaged export class IntNeg {
  @inline apply(x: v128): v128 {
    return i32x4.neg(x);
  }
}

@unmanaged export class IntSquare {
  @inline apply(x: v128): v128 {
    return i32x4.mul(x, x);
  }
}

@unmanaged export class IntSign {
  @inline apply(x: v128): v128 {
    return i32x4.max_s(i32x4.min_s(x, i32x4.splat(1)), i32x4.splat(-1));
  }
}

@unmanaged export class IntClip {
  lowest: i32;
  highest: i32;
  @inline apply(x: v128): v128 {
    return i32x4.max_s(i32x4.min_s(x, i32x4.splat(this.highest)), i32x4.splat(this.lowest));
  }
}

@unmanaged export class IsNan {
  @inline apply(x: v128): v128 {
    return f32x4.ne(x, x);
  }
}

@unmanaged export class IsInf {
  @inline apply(x: v128): v128 {
    return f32x4.eq(f32x4.abs(x), f32x4.splat(Infinity));
  }
}

@unmanaged export class IsFinite {
  @inline apply(x: v128): v128 {
    return f32x4.lt(f32x4.abs(x), f32x4.splat(Infinity));
  }
}

/** True for NaN. */
@unmanaged export class ToBool {
  @inline apply(x: v128): v128 {
    return f32x4.ne(x, f32x4.splat(0));
  }
}

@unmanaged export class IntToBool {
  @inline apply(x: v128): v128 {
    return i32x4.ne(x, i32x4.splat(0));
  }
}

@unmanaged export class LogicalNot {
  @inline apply(x: v128): v128 {
    return v128.and(i8x16.eq(x, i8x16.splat(0)), i8x16.splat(1));
  }
}

@unmanaged export class IntToFloat {
  @inline apply(x: v128): v128 {
    return f32x4.convert_i32x4_s(x);
  }
}

@unmanaged export class BoolToInt {
  @inline apply(x: v128): v128 {
    return x;
  }
}

@unmanaged export class BoolToFloat {
  @inline apply(x: v128): v128 {
    return f32x4.convert_i32x4_s(x);
  }
}

/** Towards 0; modulo 2^32 where it does not fit, 0 for infinity and NaN, as JavaScript has it. */
@unmanaged export class FloatToInt {
  @inline apply(x: v128): v128 {
    const fits = f32x4.lt(f32x4.abs(x), f32x4.splat(2147483648));
    return i32x4.all_true(fits) ? i32x4.trunc_sat_f32x4_s(x) : wrapped(x);
  }
}

function wrapped(x: v128): v128 {
  for (let i = 0; i < 4; i++) {
    const whole = toInt32(<f64>f32x4.extract_lane(x, 0));
    x = i32x4.replace_lane(v128.shuffle<i32>(x, x, 1, 2, 3, 0), 3, whole);
  }
  return x;
}
