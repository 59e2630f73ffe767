/** Swapping the axes of matrices [rows, columns]. */
import {transpose4} from './simd';

@unmanaged class TransposeTask {
  from: u32;
  to: u32;
  rows: u32;
  columns: u32;
  /** Strips of 4 rows of a matrix. */
  strips: u32;
}

/** Piece: 4 rows of a matrix of the batch. */
function transposePiece(args: usize, piece: i32): void {
  const task = changetype<TransposeTask>(args);
  const rows = <usize>task.rows, columns = <usize>task.columns, strips = <usize>task.strips;
  const matrix = (((<usize>piece / strips) * rows * columns) << 2);
  const first = (<usize>piece % strips) * 4;
  const from = <usize>task.from + matrix + ((first * columns) << 2);
  const to = <usize>task.to + matrix + (first << 2);
  const height = min(<usize>4, rows - first);
  let j: usize = 0;
  if (height == 4) for (; j + 4 <= columns; j += 4) transpose4(from + (j << 2), columns << 2, to + ((j * rows) << 2), rows << 2);
  for (; j < columns; j++)
    for (let i: usize = 0; i < height; i++)
      store<f32>(to + ((j * rows + i) << 2), load<f32>(from + ((i * columns + j) << 2)));
}

export function jobTranspose(): u32 {
  return transposePiece.index;
}
