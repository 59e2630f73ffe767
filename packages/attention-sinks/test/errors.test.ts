import * as tf from '@tensorflow/tfjs';
import {
  CheckpointError,
  ConfigError,
  DataError,
  type LanguageModel,
  languageModel,
  ShapeError,
  ShortConvolution,
} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {
  attentionSinks,
  fromPretrained,
  layers,
  makeRoom,
  recomputedLogits,
  streamLoss,
  withAttentionSinks,
} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numHeads: 1, numLayers: 1, intermediateSize: 8};

/** Calls with a model, which is disposed. */
function using<Result>(model: LanguageModel, body: (model: LanguageModel) => Result): Result {
  try {
    return body(model);
  } finally {
    model.dispose();
  }
}

const block = () => layers.transformerBlock({attention: {numHeads: 1}, intermediateSize: 8});
const mixed = (options: object = {}) => languageModel({vocabSize: 8, hiddenSize: 8, blocks: [block()], ...options});

refusals([
  [
    'an unknown field',
    ConfigError,
    () => attentionSinks({...small, sinks: 5} as typeof small),
    /unknown field sinks; known are .*numSinks/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.selfAttention({numHeads: 1, name: 'mixer'}).apply(tf.input({shape: [2, null]})),
    /^mixer: the last dimension of its input .* must be known/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
  [
    'what is no language model',
    ConfigError,
    () => withAttentionSinks(tf.sequential() as unknown as LanguageModel),
    /^withAttentionSinks: the model is .*, but must be a causal language model, such as/,
  ],
  [
    'a model with learned positions',
    ConfigError,
    () => using(mixed({maxSequenceLength: 16}), (model) => withAttentionSinks(model)),
    /^withAttentionSinks: language-model adds a position of its own to each token, which cannot be counted in the cache; a model must have rotary positions, ALiBi or none$/,
  ],
  [
    'a model without attention',
    ConfigError,
    () => using(mixed({blocks: [new ShortConvolution({size: 2})]}), (model) => withAttentionSinks(model)),
    /^withAttentionSinks: language-model has no attention that can keep sinks; a model must be made of core's SelfAttention, with/,
  ],
  [
    'a cache longer than the training',
    ConfigError,
    () =>
      using(attentionSinks({...small, maxSequenceLength: 16}), (model) => withAttentionSinks(model, {windowSize: 15})),
    /^withAttentionSinks: numSinks 4 \+ windowSize 15 is 19, but must be at most maxSequenceLength 16, what the model is trained/,
  ],
  [
    'a window of nothing around a model',
    ConfigError,
    () => using(attentionSinks(small), (model) => withAttentionSinks(model, {windowSize: 0})),
    /^withAttentionSinks: windowSize is 0, but must be a whole number of at least 1, so that numSinks is less than the cache/,
  ],
  [
    'an unknown size of the cache',
    ConfigError,
    () => using(attentionSinks(small), (model) => withAttentionSinks(model, {window: 5} as object)),
    /^withAttentionSinks: unknown option window; known are numSinks, windowSize/,
  ],
  [
    'room for a fraction of a token',
    ConfigError,
    () => using(attentionSinks(small), (model) => makeRoom(model, null, 0.5)),
    /^makeRoom: coming is 0.5, but must be a whole number of at least 0/,
  ],
  [
    'room in a cache of unknown size',
    ConfigError,
    () => using(mixed(), (model) => makeRoom(model, null, 1)),
    /^makeRoom: numSinks is undefined, but must be a whole number of at least 0/,
  ],
  [
    'room in a cache without a window',
    ConfigError,
    () => using(mixed(), (model) => makeRoom(model, null, 1, {numSinks: 1, windowSize: 0})),
    /^makeRoom: windowSize is 0, but must be a whole number of at least 1/,
  ],
  [
    'recomputation of no tokens',
    ConfigError,
    () => using(attentionSinks(small), (model) => recomputedLogits(model, [1, 2], {window: 0})),
    /^recomputedLogits: window is 0, but must be a whole number of at least 1/,
  ],
  [
    'the loss of a single token',
    DataError,
    async () => {
      const model = attentionSinks(small);
      try {
        await streamLoss(model, [1]);
      } finally {
        model.dispose();
      }
    },
    /^streamLoss: one token alone has no next token to predict; give two or more$/,
  ],
]);
