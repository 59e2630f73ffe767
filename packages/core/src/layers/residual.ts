import type * as tf from '@tensorflow/tfjs';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
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

/** What is around a part of a block. */
export interface ResidualOptions extends Omit<ResidualConfig, 'dropout'> {
  norm: VariantLayer;
  /** Of the part's output. */
  dropout: Dropout;
  /** How the layers run. */
  run: ForwardOptions;
}

/**
 * A part of a block with its norm and skip connection, of x [batch, time, hidden]:
 *
 *     pre:    α x + part(norm x)          post:   norm(α x + part x)
 */
export function residual(
  x: tf.Tensor,
  part: (h: tf.Tensor) => tf.Tensor,
  {norm, dropout, normalization = 'pre', residualScale = 1, run}: ResidualOptions,
): tf.Tensor {
  const skip = residualScale === 1 ? x : x.mul(residualScale);
  const add = (h: tf.Tensor) => skip.add(dropout.forward(part(h), run));
  return normalization === 'pre' ? add(norm.forward(x, run)) : norm.forward(add(x), run);
}

/** {@link residual} of a part that takes a step of a stream; the state is the one that the part gives. */
export function residualStep(x: tf.Tensor, part: (h: tf.Tensor) => StreamStep, options: ResidualOptions): StreamStep {
  let state: StateTree = null;
  const run = (h: tf.Tensor) => {
    const step = part(h);
    state = step.state;
    return step.output;
  };
  const output = residual(x, run, options);
  return {output, state};
}
