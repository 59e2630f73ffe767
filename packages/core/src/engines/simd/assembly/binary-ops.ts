/** What each operation on two tensors computes, as a class for `loops.ts`. */
import {pow4} from './pow';

@unmanaged export class Add {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.add(x, y);
  }
}

@unmanaged export class Sub {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.sub(x, y);
  }
}

@unmanaged export class Multiply {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.mul(x, y);
  }
}

@unmanaged export class RealDiv {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.div(x, y);
  }
}

/** NaN if one is. */
@unmanaged export class Maximum {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.max(x, y);
  }
}

/** NaN if one is. */
@unmanaged export class Minimum {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.min(x, y);
  }
}

@unmanaged export class SquaredDifference {
  @inline apply(x: v128, y: v128): v128 {
    const difference = f32x4.sub(x, y);
    return f32x4.mul(difference, difference);
  }
}

@unmanaged export class Pow {
  @inline apply(x: v128, y: v128): v128 {
    return pow4(x, y);
  }
}

@unmanaged export class Prelu {
  @inline apply(x: v128, y: v128): v128 {
    return v128.bitselect(f32x4.mul(x, y), x, f32x4.lt(x, f32x4.splat(0)));
  }
}

/** From the gradient and the value of Elu. */
@unmanaged export class EluGrad {
  @inline apply(g: v128, y: v128): v128 {
    return v128.bitselect(g, f32x4.mul(g, f32x4.add(y, f32x4.splat(1))), f32x4.ge(y, f32x4.splat(0)));
  }
}

@unmanaged export class IntAdd {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.add(x, y);
  }
}

@unmanaged export class IntSub {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.sub(x, y);
  }
}

@unmanaged export class IntMultiply {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.mul(x, y);
  }
}

@unmanaged export class IntMaximum {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.max_s(x, y);
  }
}

@unmanaged export class IntMinimum {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.min_s(x, y);
  }
}

@unmanaged export class IntSquaredDifference {
  @inline apply(x: v128, y: v128): v128 {
    const difference = i32x4.sub(x, y);
    return i32x4.mul(difference, difference);
  }
}

@unmanaged export class BitwiseAnd {
  @inline apply(x: v128, y: v128): v128 {
    return v128.and(x, y);
  }
}

@unmanaged export class Equal {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.eq(x, y);
  }
}

@unmanaged export class NotEqual {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.ne(x, y);
  }
}

@unmanaged export class Less {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.lt(x, y);
  }
}

@unmanaged export class LessEqual {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.le(x, y);
  }
}

@unmanaged export class Greater {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.gt(x, y);
  }
}

@unmanaged export class GreaterEqual {
  @inline apply(x: v128, y: v128): v128 {
    return f32x4.ge(x, y);
  }
}

@unmanaged export class IntEqual {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.eq(x, y);
  }
}

@unmanaged export class IntNotEqual {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.ne(x, y);
  }
}

@unmanaged export class IntLess {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.lt_s(x, y);
  }
}

@unmanaged export class IntLessEqual {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.le_s(x, y);
  }
}

@unmanaged export class IntGreater {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.gt_s(x, y);
  }
}

@unmanaged export class IntGreaterEqual {
  @inline apply(x: v128, y: v128): v128 {
    return i32x4.ge_s(x, y);
  }
}

@unmanaged export class BoolEqual {
  @inline apply(x: v128, y: v128): v128 {
    return v128.and(i8x16.eq(x, y), i8x16.splat(1));
  }
}

@unmanaged export class BoolNotEqual {
  @inline apply(x: v128, y: v128): v128 {
    return v128.and(i8x16.ne(x, y), i8x16.splat(1));
  }
}

/** Right for any bytes that stand for true. */
@unmanaged export class LogicalAnd {
  @inline apply(x: v128, y: v128): v128 {
    return i8x16.min_u(x, y);
  }
}

@unmanaged export class LogicalOr {
  @inline apply(x: v128, y: v128): v128 {
    return i8x16.max_u(x, y);
  }
}
