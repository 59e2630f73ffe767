/** Rotary position embedding: each pair of features (u, w) becomes (u cos - w sin, u sin + w cos). */

@unmanaged class RotaryTask {
  x: u32;
  /** [time, half] */
  cos: u32;
  sin: u32;
  to: u32;
  rows: u32;
  time: u32;
  half: u32;
  /** Values from u to w and from one pair to the next: 1 and 2 where neighbours turn together, half and 1 else. */
  partner: u32;
  step: u32;
  /** 1, or -1 to turn back. */
  direction: f32;
}

/** Rows of a piece. */
@inline const ROWS: usize = 64;

function rotaryPiece(args: usize, piece: i32): void {
  const task = changetype<RotaryTask>(args);
  const half = <usize>task.half, partner = <usize>task.partner << 2, step = <usize>task.step << 2;
  const direction = task.direction;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const angle = ((row % <usize>task.time) * half) << 2;
    let x = <usize>task.x + ((row * half) << 3), to = <usize>task.to + ((row * half) << 3);
    let c = <usize>task.cos + angle, s = <usize>task.sin + angle;
    for (let i: usize = 0; i < half; i++, x += step, to += step, c += 4, s += 4) {
      const u = load<f32>(x), w = load<f32>(x + partner);
      const cos = load<f32>(c), sin = load<f32>(s) * direction;
      store<f32>(to, u * cos - w * sin);
      store<f32>(to + partner, u * sin + w * cos);
    }
  }
}

export function jobRotary(): u32 {
  return rotaryPiece.index;
}
