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
  [
    'a batch that its stream has not',
    ShapeError,
    () => {
      const model = reformer({
        vocabSize: 8,
        hiddenSize: 8,
        numHeads: 2,
        attentionTypes: ['lsh'],
        maxSequenceLength: 64,
      });
      const {logits, state} = model.stream([1, 2, 3]);
      try {
        model.stream([[1], [2]], state);
      } finally {
        tf.dispose(logits);
        state.dispose();
        model.dispose();
      }
    },
    /a batch of 2 cannot continue a stream of a batch of 1/,
  ],
  [
    'local attention too',
    ShapeError,
    () => {
      const model = reformer({
        vocabSize: 8,
        hiddenSize: 8,
        numHeads: 2,
        attentionTypes: ['local'],
        maxSequenceLength: 64,
      });
      const {logits, state} = model.stream([1, 2, 3]);
      try {
        model.stream([[1], [2]], state);
      } finally {
        tf.dispose(logits);
        state.dispose();
        model.dispose();
      }
    },
    /a batch of 2 cannot continue a stream of a batch of 1/,
  ],
  [
    'an odd number of buckets of a layer',
    ConfigError,
    () => tf.tidy(() => void layers.lshAttention({numHeads: 1, headSize: 4, numBuckets: 3}).apply(tf.zeros([1, 4, 4]))),
    /numBuckets is 3, but must be an even number of at least 2, or a list of them/,
  ],
  [
    'pieces of less than nothing',
    ConfigError,
    () => {
      const layer = layers.chunkedFeedForward({intermediateSize: 8, chunkLength: -1});
      try {
        tf.tidy(() => void layer.apply(tf.zeros([1, 4, 4])));
      } finally {
        layer.dispose();
      }
    },
    /chunkLength is -1, but must be a whole number of at least 0/,
  ],
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
