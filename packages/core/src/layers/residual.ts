import type * as tf from '@tensorflow/tfjs';
import type {Dropout} from './dropout';
import type {ForwardOptions, VariantLayer} from './layer';

/** How a block puts its parts together. */
export interface ResidualConfig {
  /** Where the norms stand: 'pre' normalises the input of each part, 'post' each sum. Default 'pre'. */
  normalization?: 'pre' | 'post';
  /** What the skip connection is multiplied with (DeepNorm's alpha, Wang et al. 2022). Default 1. */
  residualScale?: number;
  /** Dropout on each part's output. Default 0. */
  dropout?: number;
}

/** The layers around a part of a block. */
export interface ResidualLayers {
  norm: VariantLayer;
  dropout: Dropout;
}

/**
 * A part of a block with its norm and skip connection, of x [batch, time, hidden]:
 *
 *     pre:    α x + part(norm x)          post:   norm(α x + part x)
 */
export function residual(
  x: tf.Tensor,
  part: (h: tf.Tensor) => tf.Tensor,
  {norm, dropout}: ResidualLayers,
  {normalization = 'pre', residualScale = 1}: ResidualConfig,
  options: ForwardOptions,
): tf.Tensor {
  const skip = residualScale === 1 ? x : x.mul(residualScale);
  const add = (h: tf.Tensor) => skip.add(dropout.forward(part(h), options));
  return normalization === 'pre' ? add(norm.forward(x, options)) : norm.forward(add(x), options);
}
