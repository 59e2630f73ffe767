/**
 * What reductions and running totals compute, as classes without instances: how two vectors of values are combined, the
 * value that changes nothing, and the bytes of a value.
 */

@unmanaged export class Sum {
  @inline combine(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
  @inline neutral(): v128 {
    return f32x4.splat(0);
  }
  @inline size(): usize {
    return 4;
  }
}

@unmanaged export class Prod {
  @inline combine(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
  @inline neutral(): v128 {
    return f32x4.splat(1);
  }
  @inline size(): usize {
    return 4;
  }
}

/** NaN if one is; like `f32x4.max`, in less than half of its instructions. */
@unmanaged export class Max {
  @inline combine(a: v128, b: v128): v128 {
    return v128.or(f32x4.pmax(a, b), f32x4.ne(b, b));
  }
  @inline neutral(): v128 {
    return f32x4.splat(-Infinity);
  }
  @inline size(): usize {
    return 4;
  }
}

/** NaN if one is. */
@unmanaged export class Min {
  @inline combine(a: v128, b: v128): v128 {
    return v128.or(f32x4.pmin(a, b), f32x4.ne(b, b));
  }
  @inline neutral(): v128 {
    return f32x4.splat(Infinity);
  }
  @inline size(): usize {
    return 4;
  }
}

/** Modulo 2^32, as JavaScript stores a sum as a whole number. */
@unmanaged export class IntSum {
  @inline combine(a: v128, b: v128): v128 {
    return i32x4.add(a, b);
  }
  @inline neutral(): v128 {
    return i32x4.splat(0);
  }
  @inline size(): usize {
    return 4;
  }
}

@unmanaged export class IntProd {
  @inline combine(a: v128, b: v128): v128 {
    return i32x4.mul(a, b);
  }
  @inline neutral(): v128 {
    return i32x4.splat(1);
  }
  @inline size(): usize {
    return 4;
  }
}

@unmanaged export class IntMax {
  @inline combine(a: v128, b: v128): v128 {
    return i32x4.max_s(a, b);
  }
  @inline neutral(): v128 {
    return i32x4.splat(i32.MIN_VALUE);
  }
  @inline size(): usize {
    return 4;
  }
}

@unmanaged export class IntMin {
  @inline combine(a: v128, b: v128): v128 {
    return i32x4.min_s(a, b);
  }
  @inline neutral(): v128 {
    return i32x4.splat(i32.MAX_VALUE);
  }
  @inline size(): usize {
    return 4;
  }
}

/** Of truth values, 0 or 1: the largest. */
@unmanaged export class Any {
  @inline combine(a: v128, b: v128): v128 {
    return i8x16.max_u(a, b);
  }
  @inline neutral(): v128 {
    return i8x16.splat(0);
  }
  @inline size(): usize {
    return 1;
  }
}

@unmanaged export class All {
  @inline combine(a: v128, b: v128): v128 {
    return i8x16.min_u(a, b);
  }
  @inline neutral(): v128 {
    return i8x16.splat(1);
  }
  @inline size(): usize {
    return 1;
  }
}
