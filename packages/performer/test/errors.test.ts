import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, ops, performer, performerEncoderDecoder, performerMasked} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2};
const heads = (time = 3, size = 4) => tf.zeros([1, 2, time, size]);
const projection = () => tf.zeros([5, 4]);

/** A call whose tensors are freed. */
const tidily = (run: () => unknown) => () => void tf.tidy(() => void run());

refusals([
  [
    'heads that do not divide the width',
    ConfigError,
    () => performer({...small, numHeads: 3}),
    /performer: numHeads is 3, but must divide hiddenSize 8, or headSize be given/,
  ],
  [
    'more local heads than heads',
    ConfigError,
    () => layers.performerSelfAttention({numHeads: 2, localHeads: 3}).apply(tf.input({shape: [2, 8]})),
    /localHeads is 3, but must be a whole number up to numHeads 2/,
  ],
  [
    'a token for padding that is none',
    ConfigError,
    () => performerMasked({...small, padToken: 8}),
    /padToken is 8, but must be below vocabSize 8/,
  ],
  [
    'a fault in a side',
    ConfigError,
    () =>
      performerEncoderDecoder({sourceVocabSize: 5, hiddenSize: 8, decoder: {positions: 'axial', axialShape: [1, 2]}}),
    /decoder: axialShape is \[1,2\], but must have as many places as maxSequenceLength 1024/,
  ],
  [
    'a mask beside local heads',
    ConfigError,
    () => {
      const model = performer({...small, localHeads: 1});
      try {
        tf.tidy(() => void model.logits([[1, 2]], {attentionMask: tf.ones([1, 2])}));
      } finally {
        model.dispose();
      }
    },
    /takes no attentionMask, as it has local heads/,
  ],
  [
    'a stream with a mask beside local heads, whose memory knows no padding',
    ConfigError,
    () => {
      const model = performer({...small, localHeads: 1, padding: 'valueless'});
      try {
        tf.tidy(() => void model.stream([[1, 2]], null, {attentionMask: tf.ones([1, 2])}));
      } finally {
        model.dispose();
      }
    },
    /a stream takes no attentionMask, as it has local heads/,
  ],
  [
    'local heads beside a source',
    ConfigError,
    () => {
      const layer = layers.performerAttention({numHeads: 2, rotary: false, localHeads: 1});
      try {
        tf.tidy(() => void layer.apply([tf.zeros([1, 2, 8]), tf.zeros([1, 3, 8])]));
      } finally {
        layer.dispose();
      }
    },
    /localHeads is 1, but must be 0 with a source/,
  ],
  [
    'a memory of a form that has none',
    ConfigError,
    tidily(() => {
      const {memory} = ops.linearAttention(heads(), heads(), heads(), {causal: true});
      return ops.linearAttention(heads(), heads(), heads(), {memory});
    }),
    /memory is .*, but must be null unless causal is true/,
  ],
  [
    'more tokens than there are positions',
    ShapeError,
    () => {
      const model = performer({...small, positions: 'learned', maxSequenceLength: 3});
      try {
        model.logits([[1, 2, 3, 4]]);
      } finally {
        model.dispose();
      }
    },
    /a sequence of 4 tokens is longer than maxSequenceLength 3/,
  ],
  [
    'softmax features without directions',
    ShapeError,
    tidily(() => ops.favorAttention(heads(), heads(), heads())),
    /favorAttention: projection is missing, but features softmax need it/,
  ],
  [
    'directions of another size',
    ShapeError,
    tidily(() => ops.favorAttention(heads(), heads(), heads(), {projection: tf.zeros([5, 3])})),
    /projection \[5,3\] must be \[features, 4\]/,
  ],
  [
    'a causal form with other keys than queries',
    ShapeError,
    tidily(() => ops.favorAttention(heads(2), heads(), heads(), {projection: projection(), causal: true})),
    /keys \[1,2,3,4\] must be \[1, 2, 2, 4\]/,
  ],
  [
    'features that there are not',
    ConfigError,
    tidily(() => ops.favorAttention(heads(), heads(), heads(), {features: 'cosine' as 'relu'})),
    /features is "cosine", but must be one of softmax, relu/,
  ],
  [
    'a window of nothing',
    ConfigError,
    tidily(() => ops.localAttention(heads(), heads(), heads(), {window: 0})),
    /window is 0, but must be a whole number of at least 1/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
