import type {Random} from '@variants/core';

/**
 * A matrix of orthonormal columns, of normal numbers: A with as many rows as its columns or more, times the inverse of the
 * triangle R with Rᵀ R = Aᵀ A (Cholesky's factor, in double precision). In place: that of a large vocabulary takes up much.
 *
 * @returns [rows, columns], row by row.
 */
export function orthonormalColumns(rows: number, columns: number, random: Random): Float32Array {
  const matrix = new Float32Array(rows * columns);
  for (let i = 0; i < matrix.length; i++) matrix[i] = random.normal();
  const triangle = choleskyFactor(products(matrix, columns), columns);
  const group = new Float64Array(4 * columns);
  for (let row = 0; row < rows; row += 4) {
    const values = matrix.subarray(row * columns, (row + 4) * columns);
    group.fill(0).set(values);
    divideFour(group, triangle, columns);
    values.set(group.subarray(0, values.length));
  }
  return matrix;
}

/** Aᵀ A on and above its diagonal. Four rows of A at a time, so that the sums are read and written a quarter as often. */
function products(matrix: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns * columns);
  const group = new Float64Array(4 * columns);
  const [second, third, fourth] = [columns, 2 * columns, 3 * columns];
  for (let row = 0; row < matrix.length; row += 4 * columns) {
    group.fill(0).set(matrix.subarray(row, row + 4 * columns));
    for (let i = 0; i < columns; i++) {
      const [a, b, c, d] = [group[i], group[second + i], group[third + i], group[fourth + i]];
      const to = i * columns;
      for (let j = i; j < columns; j++)
        sums[to + j] += a * group[j] + b * group[second + j] + c * group[third + j] + d * group[fourth + j];
    }
  }
  return sums;
}

/** R on and above the diagonal, with Rᵀ R the symmetric matrix that is given so, in its place. */
function choleskyFactor(symmetric: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    const from = i * size;
    const pivot = Math.sqrt(symmetric[from + i]);
    for (let j = i; j < size; j++) symmetric[from + j] /= pivot;
    for (let k = i + 1; k < size; k++) {
      const factor = symmetric[from + k];
      for (let j = k; j < size; j++) symmetric[k * size + j] -= factor * symmetric[from + j];
    }
  }
  return symmetric;
}

/** Four rows x in place of x R⁻¹. */
function divideFour(rows: Float64Array, triangle: Float64Array, columns: number): void {
  const [second, third, fourth] = [columns, 2 * columns, 3 * columns];
  for (let i = 0; i < columns; i++) {
    const from = i * columns;
    const pivot = triangle[from + i];
    const a = rows[i] / pivot;
    const b = rows[second + i] / pivot;
    const c = rows[third + i] / pivot;
    const d = rows[fourth + i] / pivot;
    rows[i] = a;
    rows[second + i] = b;
    rows[third + i] = c;
    rows[fourth + i] = d;
    for (let j = i + 1; j < columns; j++) {
      const factor = triangle[from + j];
      rows[j] -= a * factor;
      rows[second + j] -= b * factor;
      rows[third + j] -= c * factor;
      rows[fourth + j] -= d * factor;
    }
  }
}
