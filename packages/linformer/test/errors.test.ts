import {CheckpointError, ConfigError, DataError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, type Linformer, type LinformerOptions, linformer, linformerClassifier} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2, maxSequenceLength: 8};

const withModel = (run: (model: Linformer) => unknown) => () => {
  const model = linformer(small);
  try {
    return run(model);
  } finally {
    model.dispose();
  }
};

refusals([
  [
    'half a slot',
    ConfigError,
    () => linformer({...small, compressedLength: 1.5}),
    /^linformer: compressedLength is 1.5, but must be a whole number of at least 1$/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => linformer({...small, slots: 5} as LinformerOptions),
    /^linformer: unknown field slots; known are /,
  ],
  [
    'no labels',
    ConfigError,
    () => linformerClassifier({...small, numLabels: 0}),
    /^linformer-classifier: numLabels is 0, but must be a whole number of at least 1$/,
  ],
  [
    'a name of a head with a dot',
    ConfigError,
    () => linformerClassifier({...small, headName: 'a.b'}),
    /^linformer-classifier: headName is "a.b", but must be a name of letters, digits, _ and -$/,
  ],
  ['a loss without targets', DataError, withModel((model) => model.loss([[1, 2]])), /^linformer: loss needs targets/],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
