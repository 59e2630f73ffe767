/** What each operation on one tensor of floats computes, as a class for `loops.ts`. */
import {erf4, exp4, expm14, log1p4, log4, sigmoid4, softplus4, tanh4} from './math';
import {cos4, sin4} from './trigonometry';

@inline function splat(value: f32): v128 {
  return f32x4.splat(value);
}

@unmanaged export class Abs {
  @inline apply(x: v128): v128 {
    return f32x4.abs(x);
  }
}

@unmanaged export class Neg {
  @inline apply(x: v128): v128 {
    return f32x4.neg(x);
  }
}

@unmanaged export class Square {
  @inline apply(x: v128): v128 {
    return f32x4.mul(x, x);
  }
}

@unmanaged export class Cube {
  @inline apply(x: v128): v128 {
    return f32x4.mul(f32x4.mul(x, x), x);
  }
}

@unmanaged export class Sqrt {
  @inline apply(x: v128): v128 {
    return f32x4.sqrt(x);
  }
}

@unmanaged export class Rsqrt {
  @inline apply(x: v128): v128 {
    return f32x4.div(splat(1), f32x4.sqrt(x));
  }
}

@unmanaged export class Reciprocal {
  @inline apply(x: v128): v128 {
    return f32x4.div(splat(1), x);
  }
}

@unmanaged export class Floor {
  @inline apply(x: v128): v128 {
    return f32x4.floor(x);
  }
}

@unmanaged export class Ceil {
  @inline apply(x: v128): v128 {
    return f32x4.ceil(x);
  }
}

/** Halves to the even neighbour. */
@unmanaged export class Round {
  @inline apply(x: v128): v128 {
    return f32x4.nearest(x);
  }
}

/** 0 for NaN. */
@unmanaged export class Sign {
  @inline apply(x: v128): v128 {
    return v128.or(v128.and(f32x4.gt(x, splat(0)), splat(1)), v128.and(f32x4.lt(x, splat(0)), splat(-1)));
  }
}

/** 1 above 0, else alpha; NaN for NaN. */
@unmanaged export class Step {
  alpha: f32;
  @inline apply(x: v128): v128 {
    return v128.bitselect(v128.bitselect(splat(1), splat(this.alpha), f32x4.gt(x, splat(0))), x, f32x4.eq(x, x));
  }
}

/** NaN stays. */
@unmanaged export class ClipByValue {
  lowest: f32;
  highest: f32;
  @inline apply(x: v128): v128 {
    return f32x4.pmax(f32x4.pmin(x, splat(this.highest)), splat(this.lowest));
  }
}

/** NaN stays; the sum makes 0 of -0. */
@unmanaged export class Relu {
  @inline apply(x: v128): v128 {
    return f32x4.add(f32x4.pmax(x, splat(0)), splat(0));
  }
}

@unmanaged export class Relu6 {
  @inline apply(x: v128): v128 {
    return f32x4.add(f32x4.pmax(f32x4.pmin(x, splat(6)), splat(0)), splat(0));
  }
}

@unmanaged export class LeakyRelu {
  alpha: f32;
  @inline apply(x: v128): v128 {
    return v128.bitselect(f32x4.mul(x, splat(this.alpha)), x, f32x4.lt(x, splat(0)));
  }
}

@unmanaged export class Elu {
  @inline apply(x: v128): v128 {
    return v128.bitselect(x, expm14(x), f32x4.ge(x, splat(0)));
  }
}

@unmanaged export class Selu {
  @inline apply(x: v128): v128 {
    return v128.bitselect(f32x4.mul(x, splat(1.0507009873554805)), f32x4.mul(expm14(x), splat(1.7580993408473768)), f32x4.ge(x, splat(0)));
  }
}

@unmanaged export class Sigmoid {
  @inline apply(x: v128): v128 {
    return sigmoid4(x);
  }
}

@unmanaged export class Softplus {
  @inline apply(x: v128): v128 {
    return softplus4(x);
  }
}

@unmanaged export class Exp {
  @inline apply(x: v128): v128 {
    return exp4(x);
  }
}

@unmanaged export class Expm1 {
  @inline apply(x: v128): v128 {
    return expm14(x);
  }
}

@unmanaged export class Log {
  @inline apply(x: v128): v128 {
    return log4(x);
  }
}

@unmanaged export class Log1p {
  @inline apply(x: v128): v128 {
    return log1p4(x);
  }
}

@unmanaged export class Tanh {
  @inline apply(x: v128): v128 {
    return tanh4(x);
  }
}

@unmanaged export class Erf {
  @inline apply(x: v128): v128 {
    return erf4(x);
  }
}

@unmanaged export class Sin {
  @inline apply(x: v128): v128 {
    return sin4(x);
  }
}

@unmanaged export class Cos {
  @inline apply(x: v128): v128 {
    return cos4(x);
  }
}

@unmanaged export class Tan {
  @inline value(x: f64): f64 {
    return NativeMath.tan(x);
  }
}

@unmanaged export class Sinh {
  @inline value(x: f64): f64 {
    return NativeMath.sinh(x);
  }
}

@unmanaged export class Cosh {
  @inline value(x: f64): f64 {
    return NativeMath.cosh(x);
  }
}

@unmanaged export class Asin {
  @inline value(x: f64): f64 {
    return NativeMath.asin(x);
  }
}

@unmanaged export class Acos {
  @inline value(x: f64): f64 {
    return NativeMath.acos(x);
  }
}

@unmanaged export class Atan {
  @inline value(x: f64): f64 {
    return NativeMath.atan(x);
  }
}

@unmanaged export class Asinh {
  @inline value(x: f64): f64 {
    return NativeMath.asinh(x);
  }
}

@unmanaged export class Acosh {
  @inline value(x: f64): f64 {
    return NativeMath.acosh(x);
  }
}

@unmanaged export class Atanh {
  @inline value(x: f64): f64 {
    return NativeMath.atanh(x);
  }
}
