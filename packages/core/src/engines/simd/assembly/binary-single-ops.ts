/** Operations on two tensors that are computed one by one and in double precision, as tfjs does; classes for `loops.ts`. */
import {toInt32} from './whole';

/** x - n y for the whole n that leaves the remainder the sign of y. */
function modulo(x: f64, y: f64): f64 {
  const rest = remainder(x, y);
  return (x < 0 && y < 0) || (x >= 0 && y >= 0) ? rest : remainder(rest + y, y);
}

/** x - n y with n rounded towards 0. */
function remainder(x: f64, y: f64): f64 {
  const n = trunc(x / y);
  // Also where y is infinite.
  if (n == 0) return x;
  // Both are floats: up to here, the quotient rounds to no other whole number and the product is exact.
  if (abs(n) < 134217728) return copysign(x - n * y, x);
  return NativeMath.mod(x, y);
}

@unmanaged export class Mod {
  @inline store(to: usize, a: usize, b: usize): void {
    store<f32>(to, <f32>modulo(<f64>load<f32>(a), <f64>load<f32>(b)));
  }
}

@unmanaged export class Atan2 {
  @inline store(to: usize, a: usize, b: usize): void {
    store<f32>(to, <f32>NativeMath.atan2(<f64>load<f32>(a), <f64>load<f32>(b)));
  }
}

/** Whole numbers, whatever the inputs. */
@unmanaged export class FloorDiv {
  @inline store(to: usize, a: usize, b: usize): void {
    store<i32>(to, toInt32(floor(<f64>load<f32>(a) / <f64>load<f32>(b))));
  }
}

@unmanaged export class IntFloorDiv {
  @inline store(to: usize, a: usize, b: usize): void {
    store<i32>(to, toInt32(floor(<f64>load<i32>(a) / <f64>load<i32>(b))));
  }
}

@unmanaged export class IntMod {
  @inline store(to: usize, a: usize, b: usize): void {
    store<i32>(to, toInt32(modulo(<f64>load<i32>(a), <f64>load<i32>(b))));
  }
}

@unmanaged export class IntPow {
  @inline store(to: usize, a: usize, b: usize): void {
    store<i32>(to, toInt32(NativeMath.pow(<f64>load<i32>(a), <f64>load<i32>(b))));
  }
}
