import * as tf from '@tensorflow/tfjs';
import type {Computation, Library} from '../computation';
import {computationOf, tensorOf} from './computation-of';
import {ctc} from './ctc';
import {plainDecoding} from './decoding';
import {plainLongConvolution} from './long-convolution';
import {causalBias, plainAttention} from './model';
import {plainScanTasks} from './scans';
import {plainTrainingStep} from './training';

/** Of one tensor. */
function unary(shape: readonly number[], compute: (x: tf.Tensor) => tf.Tensor): Computation {
  return computationOf([tensorOf(shape, 0)], compute);
}

/** Queries, keys, values and, for gradients, what they are multiplied by: numbers of the lists 0 .. count - 1. */
export function attentionInputs(shape: readonly number[], count: number): tf.Tensor[] {
  return Array.from({length: count}, (_, seed) => tensorOf(shape, seed));
}

/** x, a filter as long as it is, and what their convolution is multiplied by: numbers of the lists 0, 1 and 2. */
export function convolutionInputs(shape: readonly number[]): tf.Tensor[] {
  return [shape, shape.slice(1), shape].map(tensorOf);
}

/** [..., time, channels] to [..., channels, time] and back. */
const withTimeLast = (x: tf.Tensor) => x.transpose([...Array(x.rank - 2).keys(), x.rank - 1, x.rank - 2]);

/** Everything in tfjs's own operations, on the backend that is set. */
export const plainTfjs: Library = {
  matMul: ({a, b, transposeA, transposeB}) =>
    computationOf([tensorOf(a, 0), tensorOf(b, 1)], (x, y) => tf.matMul(x, y, transposeA, transposeB)),
  softmax: ({shape}) => unary(shape, (x) => tf.softmax(x)),
  layerNorm({shape}) {
    const features = shape.slice(-1);
    return computationOf([tensorOf(shape, 0), tensorOf(features, 1), tensorOf(features, 2)], (x, weight, bias) => {
      const {mean, variance} = tf.moments(x, -1, true);
      return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(weight).add(bias);
    });
  },
  gelu: ({shape}) =>
    unary(shape, (x) => {
      const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
      return x.mul(0.5).mul(inner.tanh().add(1));
    }),
  exp: ({shape}) => unary(shape, (x) => x.exp()),
  chain({shape}) {
    const features = shape.slice(-1);
    return computationOf([tensorOf(shape, 0), tensorOf(features, 1), tensorOf(features, 2)], (x, a, b) =>
      x.mul(a).add(b).sigmoid().mul(x).add(b),
    );
  },
  transpose: ({shape, axes}) => unary(shape, (x) => x.transpose([...axes])),
  sum: ({shape, axis}) => unary(shape, (x) => x.sum(axis ?? undefined)),
  max: ({shape, axis}) => unary(shape, (x) => x.max(axis ?? undefined)),
  argMax: ({shape, axis}) => unary(shape, (x) => x.argMax(axis)),
  fft: ({shape}) =>
    computationOf([tf.tidy(() => tf.complex(tensorOf(shape, 0), tensorOf(shape, 1)))], (x) =>
      tf.spectral.fft(x as tf.Tensor<tf.Rank>),
    ),
  realFft: ({shape}) => unary(shape, (x) => tf.spectral.rfft(x)),
  longConvolution({shape}) {
    // Channels before time, as transforms take them.
    const inputs = tf.tidy(() => convolutionInputs(shape).map(withTimeLast));
    return computationOf(inputs, (x, filter, direction) => {
      const [dX, ...others] = plainLongConvolution(x, filter, direction);
      return [withTimeLast(dX), ...others];
    });
  },
  attention: ({shape}) =>
    computationOf([...attentionInputs(shape, 3), causalBias(shape[2])], (q, k, v, bias) =>
      plainAttention(q, k, v, bias),
    ),
  attentionGradient: ({shape}) =>
    computationOf([...attentionInputs(shape, 4), causalBias(shape[2])], (q, k, v, direction, bias) =>
      tf.grads((q, k, v) => plainAttention(q, k, v, bias))([q, k, v], direction),
    ),
  ...plainScanTasks,
  ctcLoss: ctc,
  trainingStep: plainTrainingStep,
  decode: plainDecoding,
};
