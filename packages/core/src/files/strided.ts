import {countOf} from './dtypes';

/** Whether values of a shape that lie `strides` apart are in row-major order without gaps. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** The values of a tensor whose first value is `values[0]` and whose axes lie `strides` apart, in row-major order. */
export function gather<Values extends Float32Array | Int32Array>(
  values: Values,
  shape: readonly number[],
  strides: readonly number[],
): Values {
  const gathered = new (values.constructor as new (length: number) => Values)(countOf(shape));
  const index = shape.map(() => 0);
  let place = 0;
  for (let i = 0; i < gathered.length; i++) {
    gathered[i] = values[place];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return gathered;
}

// Two tiles of this size stay in a CPU's first cache.
const tile = 32;

/** The transpose [columns, rows] of a row-major matrix [rows, columns], in memory of its own. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row0 = 0; row0 < rows; row0 += tile)
    for (let column0 = 0; column0 < columns; column0 += tile) {
      const rowEnd = Math.min(row0 + tile, rows);
      const columnEnd = Math.min(column0 + tile, columns);
      for (let row = row0; row < rowEnd; row++)
        for (let column = column0; column < columnEnd; column++)
          result[column * rows + row] = values[row * columns + column];
    }
  return result;
}
