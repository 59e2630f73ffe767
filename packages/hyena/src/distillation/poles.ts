import {EigenvalueDecomposition, Matrix, solve} from 'ml-matrix';

/** A pole λ of a recurrence; of a pair of conjugates, the one with the positive imaginary part. */
export interface Pole {
  real: number;
  imaginary: number;
}

/** Rows of the Hankel matrices that subspaces are found in: more show slower modes, and take longer. */
const mostRows = (order: number) => Math.max(64, 4 * order);

/** What a mode may grow to over the sequence that it is fitted to: far from what numbers of single precision hold. */
const mostGrowth = 1e6;

/**
 * The poles of a sum of exponentials h_i = Σ c λ^i that comes closest to a sequence: the Hankel matrix of the sequence
 * has, up to noise, the column space of the λ's Vandermonde matrix, in which a shift by one row is a product with them
 * (matrix pencil; Hua and Sarkar 1990, in the form of ESPRIT, Roy and Kailath 1989).
 * @param h At least 2 values.
 * @param stride Takes every so manyth value only, for poles that are too close to 1 to be told apart at the next one.
 * @param order Poles at most, a pair of conjugates counted twice.
 */
export function findPoles(h: Float64Array, order: number, stride: number): Pole[] {
  const sequence = h.filter((_, i) => i % stride === 0);
  const rows = Math.min(mostRows(order), Math.floor((sequence.length + 1) / 2));
  const dimension = Math.min(order, rows - 1);
  if (dimension < 1) return [];
  const basis = leadingEigenvectors(hankelGram(sequence, rows), dimension);
  const [upper, lower] = [
    basis.subMatrix(0, rows - 2, 0, dimension - 1),
    basis.subMatrix(1, rows - 1, 0, dimension - 1),
  ];
  const {realEigenvalues, imaginaryEigenvalues} = new EigenvalueDecomposition(solve(upper, lower, true));
  return realEigenvalues
    .map((real, i) => root({real, imaginary: imaginaryEigenvalues[i]}, stride, h.length))
    .filter(({imaginary}) => imaginary >= 0);
}

/** H Hᵀ of the Hankel matrix H of a sequence, with so many rows. */
function hankelGram(h: Float64Array, rows: number): Matrix {
  const columns = h.length - rows + 1;
  const gram = Matrix.zeros(rows, rows);
  for (let l = 0; l < rows; l++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += h[j] * h[l + j];
    for (let i = 0; i + l < rows; i++) {
      gram.set(i, i + l, sum);
      gram.set(i + l, i, sum);
      sum += h[i + columns] * h[i + l + columns] - h[i] * h[i + l];
    }
  }
  return gram;
}

/** The eigenvectors of the largest eigenvalues of a symmetric matrix, as columns. */
function leadingEigenvectors(matrix: Matrix, count: number): Matrix {
  const {eigenvectorMatrix, realEigenvalues} = new EigenvalueDecomposition(matrix, {assumeSymmetric: true});
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  return eigenvectorMatrix.subMatrixColumn(order.slice(0, count));
}

/** The pole whose power with the exponent `stride` is given, for sequences of so many values. */
function root({real, imaginary}: Pole, stride: number, length: number): Pole {
  const modulus = Math.min(Math.hypot(real, imaginary) ** (1 / stride), mostGrowth ** (1 / length));
  // Of a negative one at a distance nobody knows what lies between.
  const angle = stride > 1 && imaginary === 0 ? 0 : Math.atan2(imaginary, real) / stride;
  return {real: modulus * Math.cos(angle), imaginary: imaginary === 0 ? 0 : modulus * Math.sin(angle)};
}
