/** Rotary position embedding: each pair of features (u, w) becomes (u cos - w sin, u sin + w cos). */

@unmanaged class RotaryTask {
  /** [rows, 2 half] */
  x: u32;
  cos: u32;
  sin: u32;
  to: u32;
  rows: u32;
  half: u32;
  /** 1 where neighbours turn together, 0 where u and w are `half` apart. */
  interleaved: u32;
  /** 1, or -1 to turn back. */
  direction: f32;
  /** Axes whose indices number the rows, the fastest first. */
  rank: u32;
}

/** Follows the task, `rank` times: bytes from one index to the next in the tables. */
@unmanaged class TableAxis {
  size: u32;
  cos: u32;
  sin: u32;
}

/** Rows of a piece. */
@inline const ROWS: usize = 64;

function rotaryPiece(args: usize, piece: i32): void {
  const task = changetype<RotaryTask>(args);
  const half = <usize>task.half;
  const axes = args + offsetof<RotaryTask>();
  const end = axes + <usize>task.rank * offsetof<TableAxis>();
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    let rest = row, cos = <usize>task.cos, sin = <usize>task.sin;
    for (let at = axes; at < end; at += offsetof<TableAxis>()) {
      const axis = changetype<TableAxis>(at);
      const index = rest % <usize>axis.size;
      rest /= <usize>axis.size;
      cos += index * <usize>axis.cos;
      sin += index * <usize>axis.sin;
    }
    const offset = (row * half) << 3;
    const x = <usize>task.x + offset, to = <usize>task.to + offset;
    if (task.interleaved) turnNeighbours(x, to, cos, sin, half, task.direction);
    else turnHalves(x, to, cos, sin, half, task.direction);
  }
}

@inline function turnOne(u: usize, w: usize, toU: usize, toW: usize, cos: f32, sin: f32): void {
  const a = load<f32>(u), b = load<f32>(w);
  store<f32>(toU, a * cos - b * sin);
  store<f32>(toW, a * sin + b * cos);
}

function turnHalves(x: usize, to: usize, cos: usize, sin: usize, half: usize, direction: f32): void {
  const apart = half << 2, sign = f32x4.splat(direction);
  let i: usize = 0;
  for (; i + 4 <= half; i += 4, x += 16, to += 16, cos += 16, sin += 16) {
    const u = v128.load(x), w = v128.load(x + apart), c = v128.load(cos), s = f32x4.mul(v128.load(sin), sign);
    v128.store(to, f32x4.sub(f32x4.mul(u, c), f32x4.mul(w, s)));
    v128.store(to + apart, f32x4.add(f32x4.mul(u, s), f32x4.mul(w, c)));
  }
  for (; i < half; i++, x += 4, to += 4, cos += 4, sin += 4)
    turnOne(x, x + apart, to, to + apart, load<f32>(cos), load<f32>(sin) * direction);
}

function turnNeighbours(x: usize, to: usize, cos: usize, sin: usize, half: usize, direction: f32): void {
  const sign = f32x4.splat(direction);
  let i: usize = 0;
  for (; i + 4 <= half; i += 4, x += 32, to += 32, cos += 16, sin += 16) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(cos), s = f32x4.mul(v128.load(sin), sign);
    const u = v128.shuffle<f32>(a, b, 0, 2, 4, 6), w = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
    const turnedU = f32x4.sub(f32x4.mul(u, c), f32x4.mul(w, s)), turnedW = f32x4.add(f32x4.mul(u, s), f32x4.mul(w, c));
    v128.store(to, v128.shuffle<f32>(turnedU, turnedW, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<f32>(turnedU, turnedW, 2, 6, 3, 7), 16);
  }
  for (; i < half; i++, x += 8, to += 8, cos += 4, sin += 4)
    turnOne(x, x + 4, to, to + 4, load<f32>(cos), load<f32>(sin) * direction);
}

export function jobRotary(): u32 {
  return rotaryPiece.index;
}
