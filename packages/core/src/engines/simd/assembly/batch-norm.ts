/** (x - mean) factor + offset, where the three are rows that go with every row of x. */
import {multiplyAdd} from './simd';

@unmanaged class BatchNormTask {
  x: u32;
  /** The row of means, then that of factors, then that of offsets. */
  parameters: u32;
  to: u32;
  /** Values of x, and of a row. The last row may be cut off. */
  size: u32;
  width: u32;
  pieceRows: u32;
}

function shiftRow(x: usize, mean: usize, factor: usize, offset: usize, to: usize, count: usize): void {
  for (; count >= 8; count -= 8, x += 32, mean += 32, factor += 32, offset += 32, to += 32) {
    const a = f32x4.sub(v128.load(x), v128.load(mean)), b = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    v128.store(to, multiplyAdd(a, v128.load(factor), v128.load(offset)));
    v128.store(to, multiplyAdd(b, v128.load(factor, 16), v128.load(offset, 16)), 16);
  }
  for (; count > 0; count--, x += 4, mean += 4, factor += 4, offset += 4, to += 4)
    store<f32>(to, (load<f32>(x) - load<f32>(mean)) * load<f32>(factor) + load<f32>(offset));
}

/** Piece: some rows. */
function batchNormPiece(args: usize, piece: i32): void {
  const task = changetype<BatchNormTask>(args);
  const width = <usize>task.width, pieceSize = <usize>task.pieceRows * width;
  const mean = <usize>task.parameters, factor = mean + (width << 2), offset = factor + (width << 2);
  const end = min(<usize>task.size, (<usize>piece + 1) * pieceSize);
  for (let at = <usize>piece * pieceSize; at < end; at += width) {
    const bytes = at << 2;
    shiftRow(<usize>task.x + bytes, mean, factor, offset, <usize>task.to + bytes, min(width, end - at));
  }
}

export function jobBatchNorm(): u32 {
  return batchNormPiece.index;
}
