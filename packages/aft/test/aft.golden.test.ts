import * as tf from '@tensorflow/tfjs';
import type {StreamState, WeightedAverageState} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  probedLayer,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type LoadedMixer, mixerFromPretrained, ops, visionFromPretrained} from '../src';

type Tensors = {[name: string]: tf.Tensor};

/** x times a stored matrix [out, in] plus its bias, if there is one. */
function project(x: tf.Tensor, weights: Tensors, name: string): tf.Tensor {
  const rows = x.reshape([-1, x.shape[x.rank - 1] as number]);
  const product = tf.matMul(rows, weights[`${name}.weight`], false, true);
  const y = weights[`${name}.bias`] ? product.add(weights[`${name}.bias`]) : product;
  return y.reshape([...x.shape.slice(0, -1), -1]);
}

/** The averages before the gate, by the functions alone, and what they are made of. */
function averages(golden: GoldenCase, {config}: LoadedMixer): {mix: tf.Tensor; taps: tf.Tensor | null} {
  const weights = golden.weights();
  const x = golden.input('x');
  const [k, v] = [project(x, weights, 'to_k'), project(x, weights, 'to_v')];
  const {variant, causal, windowSize, kernelEpsilon} = config;
  const time = x.shape[1] as number;
  const rows = (table: tf.Tensor) => table.slice([0, 0], [time, -1]);
  const bias = () =>
    weights.wbias ? weights.wbias.slice([0, 0], [time, time]) : {rows: rows(weights.u), columns: rows(weights.v)};
  if (variant === 'simple') return {mix: ops.aftSimple(k, v, {causal}), taps: null};
  if (variant === 'full') return {mix: ops.aftFull(k, v, bias(), {causal}), taps: null};
  if (variant === 'local') return {mix: ops.aftLocal(k, v, bias(), {causal, windowSize}), taps: null};
  const taps = ops.standardizedTaps(weights.conv_w, weights.conv_gamma, weights.conv_beta, kernelEpsilon);
  const mix = taps.rank === 3 ? ops.aftConv2d(k, v, taps) : ops.aftConv(k, v, taps, {causal});
  return {mix: mix.reshape([mix.shape[0], -1, mix.shape[mix.rank - 1] as number]), taps};
}

/** Sums over positions, e^exponent · values: [..., N] and [..., D + 1, N], the last part the denominators. */
type Sums = {exponent: tf.Tensor; values: tf.Tensor};

/** Sums over rows [heads, time, N] of keys and [heads, time, D + 1, N] of values, without biases. */
function totalOf(keys: tf.Tensor, values: tf.Tensor): Sums {
  const exponent = keys.max(1, true);
  return {exponent, values: values.mul(keys.sub(exponent).exp().expandDims(2)).sum(1, true)};
}

/** Both together. */
function added(a: Sums, b: Sums): Sums {
  const exponent = tf.maximum(a.exponent, b.exponent);
  const scaled = (part: Sums) => part.values.mul(part.exponent.sub(exponent).exp().expandDims(-2));
  return {exponent, values: scaled(a).add(scaled(b))};
}

/** The sums over all positions that a stream's state says, as they are stored. */
function storedState(state: StreamState, batch: number, {config}: LoadedMixer): Tensors {
  if (config.variant === 'simple') {
    const {maximum, numerator, denominator} = state.tree as WeightedAverageState;
    return {'state.max': maximum.clone(), 'state.num': numerator.clone(), 'state.den': denominator.clone()};
  }
  const {exponent, values} = config.variant === 'full' ? historySums(state) : windowSums(state);
  const [numerators, denominators] = tf.split(values.squeeze([1]), [(values.shape[2] as number) - 1, 1], 1);
  const max = exponent.squeeze([1]);
  if (config.variant === 'conv')
    return {
      'state.max': max.transpose(),
      'state.num': numerators.transpose([2, 0, 1]),
      'state.den': denominators.squeeze([1]).transpose(),
    };
  const perChannel = (x: tf.Tensor) => x.reshape([batch, -1]);
  return {
    'state.max': perChannel(max),
    'state.num': perChannel(numerators),
    'state.den': perChannel(denominators),
  };
}

function windowSums(state: StreamState): Sums {
  const {far, window} = state.tree as {far: Sums; window: {keys: tf.Tensor; values: tf.Tensor} | null};
  const gone: Sums = {exponent: far.exponent.squeeze([1]), values: far.values.squeeze([1])};
  if (!window) return gone;
  const {keys, values} = window;
  return added(gone, totalOf(keys, tf.concat([values, tf.onesLike(values.slice(0, values.shape.with(2, 1)))], 2)));
}

function historySums(state: StreamState): Sums {
  const {keys, values} = state.tree as {keys: tf.Tensor; values: tf.Tensor};
  const present = (x: tf.Tensor) => x.slice([0, 0, 0], [-1, state.length, -1]);
  const v = present(values);
  return totalOf(present(keys), tf.stack([v, tf.onesLike(v)], 2));
}

/** A mixer as a case stores it. `turn` is how x and y lie in the case. */
async function mixer(golden: GoldenCase, turn: (x: tf.Tensor) => tf.Tensor): Promise<Actual> {
  const loaded = await mixerFromPretrained(golden.directory);
  await roundTrip(golden, loaded, mixerFromPretrained);
  return probedLayer(golden, loaded, {
    run: ({'input.x': x}) => ({'output.y': turn(loaded.layer.apply(turn(x)) as tf.Tensor)}),
    probes: {'output.y': golden.has('probe') ? 'probe' : 'input.probe'},
  });
}

async function usualMixer(golden: GoldenCase): Promise<Actual> {
  const loaded = await mixerFromPretrained(golden.directory);
  const {mix, taps} = averages(golden, loaded);
  const whole = await mixer(golden, (x) => x);
  const state: Tensors = {};
  if (loaded.config.causal) {
    const x = golden.input('x');
    const streamed = feed(loaded.layer, x, {
      look(after, fed) {
        if (fed === x.shape[1]) Object.assign(state, storedState(after, x.shape[0], loaded));
      },
    });
    await requireAlike(streamed, whole['output.y'] as tf.Tensor, 5e-5);
  }
  return {
    ...whole,
    'output.mix': mix,
    ...(taps && {'output.kernel': taps}),
    ...state,
  };
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  return {'output.logits': model.logits(tokens), loss: loss.as1D(), ...authorsGradients(model, gradients)};
}

async function vision(golden: GoldenCase): Promise<Actual> {
  const images = golden.input('image').transpose([0, 2, 3, 1]);
  const labels = golden.input('labels');
  const model = await visionFromPretrained(golden.directory);
  await roundTrip(golden, model, visionFromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.loss(images, labels));
  const byImage = tf.grad((x) => model.loss(x, labels))(images);
  return {
    'output.logits': model.logits(images),
    loss: loss.as1D(),
    'grad.input.image': byImage.transpose([0, 3, 1, 2]),
    ...authorsGradients(model, gradients),
  };
}

goldenTests(import.meta.url, {
  layer: usualMixer,
  'layer-rish': usualMixer,
  'layer-labml': (golden) => mixer(golden, (x) => x.transpose([1, 0, 2])),
  lm: languageModel,
  vision,
});
