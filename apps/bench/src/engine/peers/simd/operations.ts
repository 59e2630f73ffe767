import * as tf from '@tensorflow/tfjs';
import {
  attention,
  deltaRule,
  gelu,
  layerNorm,
  linearRecurrence,
  longConvolution,
  realFft,
  weightedAverageScan,
} from '@variants/core';
import type {Library} from '../computation';
import {computationOf, tensorOf} from '../tfjs/computation-of';
import {attentionInputs, convolutionInputs, plainTfjs} from '../tfjs/operations';
import {type Scans, scanTasks} from '../tfjs/scans';
import {decoding, trainingStep} from './model';
import {multiplyAdd} from './multiply-add';

const causal = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, {causal: true}).output;

const fusedScans: Scans = {
  weightedAverageScan: (keys, values, decay, bonus) => weightedAverageScan(keys, values, {decay, bonus}).output,
  linearRecurrence: (queries, keys, values, decay) => linearRecurrence(queries, keys, values, {decay}).output,
  deltaRule: (queries, keys, values, decay, lookups, corrections) =>
    deltaRule(queries, keys, values, {decay, lookups, corrections}).output,
};

/**
 * The engine with `threads` threads: what a program of this project would call. What tfjs has is the same as elsewhere.
 */
export function engineLibrary(threads: number): Library {
  return {
    ...plainTfjs,
    multiplyAdd: ({operations}) => multiplyAdd(threads, operations),
    layerNorm({shape}) {
      const features = shape.slice(-1);
      return computationOf([tensorOf(shape, 0), tensorOf(features, 1), tensorOf(features, 2)], (x, weight, bias) =>
        layerNorm(x, 1e-5, {weight, bias}),
      );
    },
    gelu: ({shape}) => computationOf([tensorOf(shape, 0)], (x) => gelu(x, true)),
    realFft: ({shape}) =>
      computationOf([tensorOf(shape, 0)], (x) => {
        const {real, imag} = realFft(x);
        return [real, imag];
      }),
    longConvolution: ({shape}) =>
      computationOf(convolutionInputs(shape), (x, filter, direction) =>
        tf.grads((x, filter) => longConvolution(x, filter))([x, filter], direction),
      ),
    attention: ({shape}) => computationOf(attentionInputs(shape, 3), causal),
    attentionGradient: ({shape}) =>
      computationOf(attentionInputs(shape, 4), (q, k, v, direction) => tf.grads(causal)([q, k, v], direction)),
    ...scanTasks(fusedScans),
    trainingStep,
    decode: decoding,
  };
}
