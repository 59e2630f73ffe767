import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, lucidReformer, ops, reformer, reformerMasked} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2, maxSequenceLength: 16, lshChunkLength: 4};
const u = () => tf.zeros([1, 2, 8, 4]);

refusals([
  [
    'an odd number of buckets',
    ConfigError,
    () => reformer({...small, numBuckets: 5}),
    /numBuckets is 5, but must be an even number of at least 2/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => reformer({...small, bucketCount: 5} as typeof small),
    /unknown field bucketCount; known are /,
  ],
  [
    'more tokens than there are positions',
    ShapeError,
    () => withModel(17),
    /17 tokens is longer than maxSequenceLength 16/,
  ],
  ['a mask of a causal model', ConfigError, () => masked(), /causal blocks take no attentionMask/],
  [
    'positions that are hashed without rotations',
    ShapeError,
    () => tf.tidy(() => ops.lshAttention(u(), u(), {chunkLength: 4, numBuckets: 4})),
    /8 positions are more than chunkLength 4, .* give rotations or an order/,
  ],
  [
    'rotations of another shape',
    ShapeError,
    () => tf.tidy(() => ops.lshBuckets(u(), tf.zeros([2, 4, 1, 3]), 4)),
    /rotations \[2,4,1,3\] must be \[2,4,1,2\]/,
  ],
  [
    'chunks that are no number',
    ConfigError,
    () => tf.tidy(() => ops.localAttention(u(), u(), u(), {chunkLength: 0})),
    /chunkLength is 0, but must be a whole number of at least 1/,
  ],
  [
    'rotations of a block without a hash',
    ConfigError,
    () => fixed(),
    /block 0 has no LSH attention that could take rotations/,
  ],
  [
    'feeding a layer that looks ahead in pieces',
    ConfigError,
    () => aheadInPieces(),
    /a: sees later positions, so it cannot be fed in pieces; make causal true and chunksAfter 0/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.lshAttention({name: 'lsh', numHeads: 1, headSize: 2}).apply(tf.input({shape: [2, null]})),
    /^lsh: the last dimension of its input .* must be known/,
  ],
  [
    'rotary positions of heads of an odd size',
    ConfigError,
    () => lucidReformer({vocabSize: 8, hiddenSize: 6, headSize: 3, numHeads: 2}),
    /headSize is 3, but must be even where positions are 'rotary'/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);

function using<Model extends {dispose(): unknown}>(model: Model, body: (model: Model) => void): void {
  try {
    tf.tidy(() => body(model));
  } finally {
    model.dispose();
  }
}

const withModel = (time: number) => using(reformer(small), (model) => model.logits([new Array(time).fill(0)]));
const masked = () => using(reformer(small), (model) => model.logits([[0, 1]], {attentionMask: tf.tensor2d([[0, 1]])}));
const fixed = () =>
  using(reformerMasked({...small, attentionTypes: ['local']}), (model) =>
    model.fixRotations({0: tf.zeros([2, 4, 1, 2])}),
  );

function aheadInPieces(): void {
  const layer = layers.localAttention({name: 'a', numHeads: 1, headSize: 2, chunksAfter: 1});
  using(layer, () => layer.stream(tf.zeros([1, 3, 4])));
}
