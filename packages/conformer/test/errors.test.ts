import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, DataError, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {conformer, fromPretrained, layers} from '../src';

const small = {vocabSize: 5, inputSize: 9, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 8};

/** What a model says to features, freed. */
function given(fields: object, shape: number[], run: (model: ReturnType<typeof conformer>, x: tf.Tensor) => unknown) {
  const model = conformer({...small, ...fields});
  const x = tf.zeros(shape);
  try {
    return run(model, x);
  } finally {
    x.dispose();
    model.dispose();
  }
}

refusals([
  [
    'an unknown field',
    ConfigError,
    () => conformer({...small, kernel: 5} as typeof small),
    /unknown field kernel; known are /,
  ],
  [
    'fewer frames than subsampling needs',
    ShapeError,
    () => given({}, [1, 6, 9], (model, x) => model.logits(x)),
    /features \[1,6,9\] must be of one utterance at least, with 7 frames or more each/,
  ],
  [
    'features of another width',
    ShapeError,
    () => given({}, [1, 20, 8], (model, x) => model.logits(x)),
    /features \[1,20,8\] must have the shape \[batch, frames, 9\]/,
  ],
  [
    'the loss of an encoder alone',
    ConfigError,
    () => given({vocabSize: null}, [1, 20, 9], (model, x) => model.loss(x, [[1]])),
    /vocabSize is null, so that there are vectors, but no logits/,
  ],
  [
    'an unknown option of a stream',
    ConfigError,
    () =>
      given({causal: true, chunkSize: 2}, [1, 20, 9], (model, x) =>
        model.stream(x, null, {end: true} as {last: boolean}),
      ),
    /stream: unknown option end; known are last/,
  ],
  [
    'a state that is none',
    DataError,
    () => given({causal: true, chunkSize: 2}, [1, 20, 9], (model, x) => model.stream(x, {} as never)),
    /the state is .*, but must be a StreamState/,
  ],
  [
    'heads that the width does not hold',
    ShapeError,
    () => layers.conformerAttention({name: 'attention', numHeads: 3}).apply(tf.input({shape: [null, 8]})),
    /attention: numHeads is 3, but must divide the 8 features/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.convolutionModule({name: 'module', kernelSize: 3}).apply(tf.input({shape: [2, null]})),
    /^module: the last dimension of its input .* must be known/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
