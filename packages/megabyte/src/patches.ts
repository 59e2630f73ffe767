/**
 * MEGABYTE (Yu, Simig, Flaherty, Aghajanyan, Zettlemoyer and Lewis 2023, arXiv 2305.07185): a sequence of T bytes is cut
 * into patches; a large global model reads patches, a small local model the bytes of each. The code that is in use,
 * lucidrains/MEGABYTE-pytorch, makes S stages of the two, the coarsest first.
 *
 *     T    bytes of a sequence             P    bytes of a patch
 *     S    stages, s counts them           n_s  positions of a stage's sequence (stageLengths)
 *     d_s  width of a stage (hiddenSizes)  P_s  bytes of a position: the product of all finer lengths
 *
 *     x_j   = embed_s(the P_s bytes of position j) + position_j + condition_j
 *     y     = transformer_s([start_s, x_0, x_1, ...])
 *     condition_i of the i-th child of position j = i-th slice of W_s y_j,     where y_j has seen start_s, x_0 .. x_{j-1}
 *
 * The finest stage has a position per byte, and its output there gives the logits of the next. Its sequence is as long as a
 * patch, so that with P = T^(1/3) attention costs T^(4/3), and a patch's children are computed all at once.
 */
import * as tf from '@tensorflow/tfjs';
import {
  depthwiseConvolution1d,
  padAxis,
  requireArgument,
  requireCount,
  requireOptionalTensors,
  requireRank,
  ShapeError,
} from '@variants/core';

/**
 * Gives each position the second half of the features of the one before it (Peng 2021):
 *
 *     y_t = [x_t[: c], x_{t-1}[c :]],    c = ceil(features / 2),    x_{-1} = before, or 0
 *
 * @param x [batch, time, features], at least 2 features
 * @param before [batch, 1, features]: the position before the first. Default zeros.
 * @returns [batch, time, features]
 * @throws ShapeError where the shapes do not go together.
 */
export function tokenShift(x: tf.Tensor, before?: tf.Tensor | null): tf.Tensor {
  requireRank('tokenShift', {x}, '[batch, time, features]');
  const [batch, , features] = x.shape as number[];
  if (features < 2)
    throw new ShapeError(`tokenShift: x [${x.shape}] must have at least 2 features, to shift half of them`);
  requireOptionalTensors('tokenShift', {before});
  if (before && before.shape.join() !== [batch, 1, features].join())
    throw new ShapeError(`tokenShift: before [${before.shape}] must have the shape [${batch},1,${features}]`);
  // As a convolution of two taps, 0 and 1, which goes over x once.
  const taps = Float32Array.from({length: 2 * features}, (_, i) => {
    const isShifted = i % features >= Math.ceil(features / 2);
    return isShifted === i < features ? 1 : 0;
  });
  return tf.tidy(() => depthwiseConvolution1d(x, tf.tensor2d(taps, [2, features]), {before}));
}

/**
 * Cuts sequences into patches; the last one is filled up.
 * @param tokens [batch, time] int32
 * @param size P: tokens of a patch.
 * @param fill What fills up the last patch. Default 0.
 * @returns [batch, ceil(time / P), P] int32
 * @throws ShapeError where tokens are none, ConfigError where a patch has no whole number of them.
 */
export function intoPatches(tokens: tf.Tensor, size: number, fill = 0): tf.Tensor3D {
  requireRank('intoPatches', {tokens}, '[batch, time]');
  requireCount('intoPatches', 'size', size);
  requireArgument('intoPatches', 'fill', fill, Number.isInteger(fill), 'a whole number');
  const [batch, time] = tokens.shape as number[];
  const count = Math.ceil(time / size);
  return tf.tidy(() => padAxis(tokens, 1, 0, count * size - time, fill).reshape([batch, count, size]) as tf.Tensor3D);
}
