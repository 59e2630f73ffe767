import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, megabyte} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1};

// REPLACE: what the architecture's own rules refuse, in the model and in its layers.
refusals([
  [
    'a width that is none',
    ConfigError,
    () => megabyte({...small, valueSize: 1.5}),
    /valueSize is 1.5, but must be a whole number of at least 1/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => megabyte({...small, valueCount: 5} as typeof small),
    /unknown field valueCount; known are /,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.megabyteMixer({name: 'mixer'}).apply(tf.input({shape: [2, null]})),
    /^mixer: the last dimension of its input .* must be known/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
