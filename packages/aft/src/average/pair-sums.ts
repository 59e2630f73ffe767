/**
 * The sums of weighted-sums.ts where no product of matrices would be exact: each pair of a row and a key is weighed for itself,
 * relative to the largest weight of the row, in each column,
 *
 *     m[t] = max over t' of w[t, t'] + K[t'];      e^w X = e^m · Σ_t' e^(w[t, t'] + K[t'] - m[t]) A[t']
 *
 * Slower by as much as a product of matrices is faster than its definition. Memory is bounded: some keys at a time.
 */
import * as tf from '@tensorflow/tfjs';
import {lowestKey, type Weighted} from './weighted';

/** Keys and biases may reach as far as this before a product of matrices loses the largest weight of a row. */
const WIDEST = 60;

/** Numbers that are held at a time, about. */
const MOST_NUMBERS = 2 ** 21;

/**
 * Whether neither the keys of each column nor all biases lie so near to each other that products of matrices are exact.
 * Looks at values, of the biases and, where those reach far, of the keys. A key without any weight lies far from all others:
 * its bias must not be the one that a row's others are taken relative to.
 */
export function isWide({exponent}: Weighted, biases: readonly tf.Tensor[]): boolean {
  return tf.tidy(() => {
    const largest = tf.stack(biases.map((bias) => bias.max())).max();
    const smallest = tf.stack(biases.map((bias) => bias.min())).min();
    if (!isAbove(largest.sub(smallest))) return false;
    return isAbove(
      exponent
        .max([1, 2])
        .sub(exponent.min([1, 2]))
        .max(),
    );
  });
}

/** Whether a scalar is above the widest range; NaN is not. */
const isAbove = (range: tf.Tensor): boolean => range.dataSync()[0] > WIDEST;

/**
 * e^w X, see above.
 * @param terms X of the keys.
 * @param bias w [heads, 1 or blocks, rows, keys]
 */
export function pairSums({exponent, values}: Weighted, bias: tf.Tensor): Weighted {
  const [heads, blocks, keys, parts, columns] = values.shape as number[];
  const rows = bias.shape[2] as number;
  const pieces = piecesOf(keys, heads * blocks * rows * columns * (parts > 2 ? parts : 1));
  const scores = ({begin, size}: Piece) =>
    bias
      .slice([0, 0, 0, begin], [-1, -1, -1, size])
      .expandDims(4)
      .add(keysAt(exponent, begin, size).expandDims(2));
  const maxima = pieces.map((piece) => scores(piece).max(3));
  const most = maxima.reduce((a, b) => tf.maximum(a, b)).maximum(lowestKey);
  const sums = pieces.map((piece) => {
    const weights = scores(piece).sub(most.expandDims(3)).exp();
    const A = keysAt(values, piece.begin, piece.size).expandDims(2);
    // One part after the other, or all would be there for each pair.
    const each = tf.split(A, parts, 4).map((part) => weights.mul(part.squeeze([4])).sum(3));
    return tf.stack(each, 3);
  });
  return {exponent: most, values: sums.reduce((a, b) => a.add(b))};
}

/**
 * The gradient of a square's biases as {@link squareBiasGradient} says, pair by pair.
 * @param gradients G, of the rows' sums.
 */
export function pairBiasGradient(gradients: Weighted, terms: Weighted, bias: tf.Tensor): tf.Tensor {
  const [heads, blocks, rows, parts, columns] = gradients.values.shape as number[];
  const keys = bias.shape[3] as number;
  const isAlike = bias.shape[1] === 1 && blocks > 1;
  const G = tf.split(gradients.values.expandDims(3), parts, 4);
  const columnsOf = piecesOf(keys, heads * blocks * rows * columns).map(({begin, size}) => {
    const w = bias.slice([0, 0, 0, begin], [-1, -1, -1, size]).expandDims(4);
    const scores = w.add(keysAt(terms.exponent, begin, size).expandDims(2)).add(gradients.exponent.expandDims(3));
    const A = tf.split(keysAt(terms.values, begin, size).expandDims(2), parts, 4);
    const products = G.map((g, i) => g.squeeze([4]).mul(A[i].squeeze([4]))).reduce((a, b) => a.add(b));
    const dw = scores.exp().mul(products).sum(4);
    return isAlike ? dw.sum(1, true) : dw;
  });
  return tf.concat(columnsOf, 3);
}

/** Some keys, one behind the other. */
interface Piece {
  begin: number;
  size: number;
}

/** All keys in pieces, so that not too much is held at a time. */
function piecesOf(keys: number, perKey: number): Piece[] {
  const size = Math.max(1, Math.min(keys, Math.floor(MOST_NUMBERS / perKey)));
  return Array.from({length: Math.ceil(keys / size)}, (_, i) => ({
    begin: i * size,
    size: Math.min(size, keys - i * size),
  }));
}

/** Some rows of [heads, blocks, rows, ...]. */
const keysAt = (x: tf.Tensor, begin: number, size: number) =>
  x.slice(new Array(x.rank).fill(0).with(2, begin), x.shape.with(2, size));
