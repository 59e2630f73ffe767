import * as tf from '@tensorflow/tfjs';
import {type Actual, type GoldenCase, type Kinds, probedOperator} from '@variants-tooling/golden';
import {ops} from '../src';

type Tensors = {[name: string]: tf.Tensor};

const inputsOf = (golden: GoldenCase, names: string[], prefix = ''): Tensors =>
  Object.fromEntries(names.map((name) => [`${prefix}${name}`, golden.input(name)]));

/** Attention with a learned logit per head, at each window of the case; 0 is none. */
function learnedSink(golden: GoldenCase): Actual {
  const windows = golden.config.sliding_windows as number[];
  return Object.assign(
    {},
    ...windows.map((window) => {
      const name = `window${window}`;
      const found = probedOperator(golden, {
        inputs: inputsOf(golden, ['q', 'k', 'v', 'sinks']),
        run: ({q, k, v, sinks}) => ({
          [`output.${name}`]: ops.sinkAttention(q, k, v, sinks, {causal: true, window: window || null}),
        }),
        probes: {[`output.${name}`]: 'input.probe'},
      });
      const renamed = Object.entries(found).map(([key, value]) => [
        key === 'loss' ? `loss.${name}` : key.replace(/^grad\./, `grad.${name}.`),
        value,
      ]);
      return Object.fromEntries(renamed);
    }),
  );
}

/** The weights of causal attention, as they are defined: softmax off by one of the scores. */
function offByOneWeights(q: tf.Tensor, k: tf.Tensor): tf.Tensor {
  const [, , time, size] = q.shape as number[];
  const scores = tf.matMul(q, k, false, true).mul(size ** -0.5);
  const isSeen = tf.range(0, time).expandDims(1).greaterEqual(tf.range(0, time));
  const seen = tf.where(isSeen.broadcastTo(scores.shape), scores, Number.NEGATIVE_INFINITY);
  return ops.softmaxOffByOne(seen);
}

function softmaxOffByOne(golden: GoldenCase): Actual {
  const inputs = inputsOf(golden, ['q', 'k', 'v']);
  return {
    ...probedOperator(golden, {
      inputs,
      run: ({q, k, v}) => ({'output.out': ops.offByOneAttention(q, k, v, {causal: true})}),
      probes: {'output.out': 'input.probe'},
    }),
    'output.weights': offByOneWeights(inputs.q, inputs.k),
    'output.softmax1': ops.softmaxOffByOne(golden.input('logits')),
  };
}

export const operatorKinds: Kinds = {
  'learned-sink-attention': learnedSink,
  'softmax1-attention': softmaxOffByOne,
};
