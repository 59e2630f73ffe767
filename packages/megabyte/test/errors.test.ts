import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, type LanguageModel, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, type MegabyteOptions, megabyte, megabytePaper, ops, stridedLogits} from '../src';

const small: MegabyteOptions = {
  vocabSize: 8,
  stageLengths: [2, 2],
  hiddenSizes: [4, 4],
  numLayers: [1, 1],
  numHeads: 1,
};
const smallPaper = {vocabSize: 8, patchSize: 2, maxSequenceLength: 4, globalSize: 2, numGlobalHeads: 1, localSize: 4};

/** Calls with a model, which is disposed. */
function using<Model extends LanguageModel, Result>(model: Model, body: (model: Model) => Result): Result {
  try {
    return body(model);
  } finally {
    model.dispose();
  }
}

const bothForms = (body: (model: LanguageModel) => unknown) => [
  () => using(megabyte(small) as LanguageModel, body),
  () => using(megabytePaper(smallPaper) as LanguageModel, body),
];

/** Feeds a batch of one, and then of two. */
function otherBatch(model: LanguageModel): void {
  const {logits, state} = model.stream([[1, 2, 3]]);
  logits.dispose();
  try {
    model.stream([[1], [1]], state);
  } finally {
    state.dispose();
  }
}

function tokensInNoPatches(): void {
  const layer = layers.patchEmbedder({name: 'patches', vocabSize: 4, patchSize: 2, tokenSize: 3, hiddenSize: 5});
  try {
    tf.tidy(() => void layer.apply(tf.zeros([1, 4, 3], 'int32')));
  } finally {
    layer.dispose();
  }
}

const [masked, maskedPaper] = bothForms((model) =>
  tf.tidy(() => model.logits([[1, 2]], {attentionMask: tf.tensor2d([[0, 1]])})),
);
const [withPrefix, withPrefixPaper] = bothForms((model) =>
  tf.tidy(() => model.logits([[1, 2]], {prefix: tf.tensor2d([[1, 0]])})),
);
const [another, anotherPaper] = bothForms(otherBatch);
const [tooLong, tooLongPaper] = bothForms((model) => model.logits([0, 1, 2, 3, 4]));

refusals([
  [
    'an unknown field',
    ConfigError,
    () => megabyte({...small, patchSize: 5} as typeof small),
    /unknown field patchSize; known are .*stageLengths/,
  ],
  [
    'an unknown field of the paper',
    ConfigError,
    () => megabytePaper({...smallPaper, stages: 5} as typeof smallPaper),
    /unknown field stages; known are /,
  ],
  ['no configuration', ConfigError, () => megabyte(undefined as never), /megabyte: /],
  ['no configuration of the paper', ConfigError, () => megabytePaper(undefined as never), /megabytePaper: /],
  [
    'a stage without blocks',
    ConfigError,
    () => megabyte({...small, numLayers: [1, 0]}),
    /numLayers is \[1,0\], but must be a list of at least 2/,
  ],
  [
    'padding',
    ConfigError,
    masked,
    /takes no attentionMask, as padding would shift where patches begin; run rows of other/,
  ],
  ['padding in the paper', ConfigError, maskedPaper, /takes no attentionMask, as padding would shift/],
  ['a prompt read in both directions', ConfigError, withPrefix, /takes no prefix, as a patch sees nothing of those/],
  ['a prompt read in both directions in the paper', ConfigError, withPrefixPaper, /takes no prefix/],
  ['another batch', ShapeError, another, /a batch of 2 cannot continue a stream of a batch of 1/],
  ['another batch in the paper', ShapeError, anotherPaper, /a batch of 2 cannot continue a stream of a batch of 1/],
  ['a sequence that is too long', ShapeError, tooLong, /a sequence of 5 tokens is longer than maxSequenceLength 4/],
  ['a sequence that is too long for the paper', ShapeError, tooLongPaper, /a sequence of 5 tokens is longer/],
  [
    'no batch',
    ConfigError,
    () => using(megabyte(small), (model) => model.startLogits(0)),
    /batch is 0, but must be a whole number of at least 1/,
  ],
  [
    'a model that is none',
    ConfigError,
    () => stridedLogits({} as never, [1]),
    /^stridedLogits: the model is .*, but must be a MegaByte/,
  ],
  [
    'a shift of one feature',
    ShapeError,
    () => tf.tidy(() => ops.tokenShift(tf.zeros([1, 2, 1]))),
    /^tokenShift: x \[1,2,1\] must have at least 2 features/,
  ],
  [
    'a row before of another width',
    ShapeError,
    () => tf.tidy(() => ops.tokenShift(tf.zeros([1, 2, 4]), tf.zeros([1, 1, 3]))),
    /^tokenShift: before \[1,1,3\] must have the shape \[1,1,4\]/,
  ],
  [
    'patches of half a token',
    ConfigError,
    () => tf.tidy(() => ops.intoPatches(tf.zeros([1, 2]), 0.5)),
    /^intoPatches: size is 0.5, but must be a whole number of at least 1/,
  ],
  [
    'tokens that are in no patches',
    ShapeError,
    tokensInNoPatches,
    /^patches: tokens \[1,4,3\] must have the shape \[batch, patches, 2\]/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () =>
      layers
        .stageBlock({name: 'block', numHeads: 1, headSize: 2, intermediateSize: 4})
        .apply(tf.input({shape: [2, null]})),
    /^block: the last dimension of its input .* must be known/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
