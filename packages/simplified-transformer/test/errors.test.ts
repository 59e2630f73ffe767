import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, ops, simplifiedTransformer} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1};

refusals([
  [
    'heads that do not divide the width',
    ConfigError,
    () => simplifiedTransformer({...small, numHeads: 3}),
    /numHeads is 3, but must divide hiddenSize 8/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => simplifiedTransformer({...small, valueGains: 5} as typeof small),
    /unknown field valueGains; did you mean valueGain\?|unknown field valueGains; known are /,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.simplifiedBlock({name: 'block'}).apply(tf.input({shape: [2, null]})),
    /^block: the last dimension of its input .* must be known/,
  ],
  [
    'a block whose heads do not divide its width',
    ConfigError,
    () => layers.simplifiedBlock({name: 'block', numHeads: 3}).apply(tf.input({shape: [2, 8]})),
    /^block: numHeads is 3, but must divide hiddenSize 8/,
  ],
  [
    'attention whose heads do not divide its width',
    ConfigError,
    () => layers.shapedAttention({name: 'mixer', numHeads: 3}).apply(tf.input({shape: [2, 8]})),
    /^mixer: numHeads is 3, but must divide the width 8/,
  ],
  [
    'values of another rank',
    ShapeError,
    () => tf.tidy(() => ops.causalMeans(tf.zeros([2, 3])).means),
    /causalMeans: values \[2,3\] must have the shape \[batch, time, features\]/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
