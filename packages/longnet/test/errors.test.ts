import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, longnet, ops} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2};
const layer = {numHeads: 2, segmentLengths: [4], dilations: [1]};

/** Dilated attention of zeros of these shapes. */
const attend = (options: object, queries = [1, 4, 2, 2], keys = queries, values = keys) =>
  tf.tidy(() => {
    const [q, k, v] = [queries, keys, values].map((shape) => tf.zeros(shape));
    return ops.dilatedAttention(q, k, v, options as Parameters<typeof ops.dilatedAttention>[3]);
  });
const patterns = {segmentLengths: [4], dilations: [1]};

refusals([
  [
    'an unknown field',
    ConfigError,
    () => longnet({...small, ratios: [1]} as typeof small),
    /unknown field ratios; known/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.causalDilatedAttention({...layer, name: 'mixer'}).apply(tf.input({shape: [2, null]})),
    /^mixer: the last dimension of its input .* must be known/,
  ],
  [
    'heads that do not divide the width',
    ConfigError,
    () => layers.dilatedAttention({...layer, numHeads: 3, name: 'mixer'}).apply(tf.input({shape: [2, 8]})),
    /^mixer: numHeads is 3, but must divide hiddenSize 8/,
  ],
  [
    'padding in a causal model',
    ConfigError,
    () =>
      tf.tidy(() => {
        const model = longnet(small);
        try {
          model.logits([1, 2], {attentionMask: tf.ones([1, 2])});
        } finally {
          model.dispose();
        }
      }),
    /takes no attentionMask, as padding would change the segments that tokens are in/,
  ],
  ['patterns of other numbers', ConfigError, () => attend({...patterns, dilations: [1, 2]}), /dilations has 2 numbers/],
  ['a dilation that is none', ConfigError, () => attend({...patterns, dilations: [0]}), /dilations is .*at least 1/],
  ['no options', ConfigError, () => attend(undefined as unknown as object), /options is undefined/],
  ['an unknown option', ConfigError, () => attend({...patterns, segmentLength: 2}), /unknown option segmentLength/],
  [
    'keys of another shape',
    ShapeError,
    () => attend(patterns, [1, 4, 2, 2], [1, 5, 2, 2]),
    /keys \[1,5,2,2\] must have/,
  ],
  ['heads that are not apart', ShapeError, () => attend(patterns, [1, 4, 4]), /queries \[1,4,4\] must have the shape/],
  [
    'xPos of odd heads',
    ConfigError,
    () => attend({...patterns, xPosScaleBase: 512}, [1, 4, 2, 3]),
    /a head has 3 features, but must have an even number for xPos/,
  ],
  [
    'segments over which xPos leaves the range of floats',
    ConfigError,
    () => attend({segmentLengths: [300], dilations: [1], xPosScaleBase: 2}, [1, 300, 2, 2]),
    /segmentLengths has 300, but with xPos must be at most 128 times xPosScaleBase 2/,
  ],
  [
    'a base that is none',
    ConfigError,
    () => attend({...patterns, xPosScaleBase: 0}),
    /xPosScaleBase is 0, but must be/,
  ],
  [
    'a mask of another shape',
    ShapeError,
    () => tf.tidy(() => attend({...patterns, mask: tf.ones([1, 5])})),
    /mask \[1,5\] must have the shape \[batch, time\], \[1,4\]/,
  ],
  [
    'a growth that is none',
    ConfigError,
    () => ops.geometricPatterns({growth: 1}),
    /growth is 1, but must be .*at least 2/,
  ],
  [
    'too many patterns',
    ConfigError,
    () => ops.geometricPatterns({count: 65}),
    /count is 65, but must be .*from 1 to 64/,
  ],
  ['no layers', ConfigError, () => ops.patternsOverLayers(patterns, 0), /numLayers is 0, but must be/],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
