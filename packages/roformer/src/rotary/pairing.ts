import * as tf from '@tensorflow/tfjs';
import {type RotaryPairing, requireGiven, requireTensors, ShapeError, shown} from '@variants/core';

/** Options of {@link changePairing}. */
export interface ChangePairingOptions {
  /** Heads, whose features lie side by side. */
  numHeads: number;
  /** Features of a head that turn, even; those behind them stay. Default: all. */
  size?: number;
}

/**
 * The weights of a projection to queries or keys for the other convention of pairs: with P the features in the order
 * (0, 2, 4, .., 1, 3, 5, ..) of each head,
 *
 *     halves(x[P]) = interleaved(x)[P]
 *
 * so that scores stay what they are when queries and keys, and their biases, are both changed. Where values turn too, change
 * those as well, and the rows of the output projection: `changePairing(W.transpose(), ...).transpose()`.
 *
 * @param weights [..., heads · head size]: our Linear's kernel [in, out], or a bias [out].
 * @param to The pairing that the weights shall be for; they are for the other one.
 * @returns As weights.
 */
export function changePairing(weights: tf.Tensor, to: RotaryPairing, options: ChangePairingOptions): tf.Tensor {
  requireTensors('changePairing', {weights});
  requireGiven('changePairing', options, ['numHeads', 'size']);
  const {numHeads, size: turning} = options;
  const width = weights.shape[weights.rank - 1] as number;
  const headSize = width / numHeads;
  const size = turning ?? headSize;
  if (!Number.isInteger(headSize))
    throw new ShapeError(
      `changePairing: numHeads is ${shown(numHeads)}, but must divide the last axis of [${weights.shape}]`,
    );
  if (!Number.isInteger(size / 2) || size < 2 || size > headSize)
    throw new ShapeError(`changePairing: size is ${shown(size)}, but must be an even number from 2 to ${headSize}`);
  const half = size / 2;
  const source = (place: number) => {
    if (place >= size) return place;
    if (to === 'halves') return place < half ? 2 * place : 2 * (place - half) + 1;
    return place % 2 === 0 ? place / 2 : half + (place - 1) / 2;
  };
  return tf.tidy(() => {
    const order = tf.tensor1d(
      Array.from({length: headSize}, (_, place) => source(place)),
      'int32',
    );
    const heads = weights.reshape([-1, numHeads, headSize]);
    return heads.gather(order, 2).reshape(weights.shape);
  });
}
