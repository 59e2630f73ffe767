import type * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, checkpointFiles, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, ops, schemes, sharingGroups, type WideFfnOptions, wideFfn} from '../src';

const small: WideFfnOptions = {
  sourceVocabSize: 8,
  hiddenSize: 8,
  numHeads: 2,
  numEncoderLayers: 2,
  numDecoderLayers: 2,
};
const made = (fields: object) => () => wideFfn({...small, ...fields});

/** Loads what a small model is saved as, with other fields of its configuration. */
async function loadedWith(fields: object) {
  const model = wideFfn(small);
  const files = await checkpointFiles(model);
  model.dispose();
  const config = {...JSON.parse(files['config.json']), ...fields};
  return fromPretrained({config, weights: files['model.safetensors']});
}

async function searched(options: object) {
  const model = wideFfn(small);
  try {
    return await model.beamSearch([3, 4], options);
  } finally {
    model.dispose();
  }
}

refusals([
  ['no vocabulary', ConfigError, () => wideFfn({} as WideFfnOptions), /the field sourceVocabSize is missing/],
  [
    'unequal vocabularies',
    ConfigError,
    made({targetVocabSize: 9}),
    /targetVocabSize is 9, but must be sourceVocabSize 8/,
  ],
  [
    'heads that do not fit',
    ConfigError,
    made({numDecoderHeads: 3}),
    /numDecoderHeads is 3, but must divide hiddenSize 8/,
  ],
  [
    'a width for positions that is none',
    ConfigError,
    made({hiddenSize: 2}),
    /hiddenSize is 2, but must be a whole number of at least 4/,
  ],
  [
    'an unknown scheme',
    ConfigError,
    made({encoderFfn: 'one'}),
    /encoderFfn is "one", but must be one of individual, shared, none/,
  ],
  ['no width', ConfigError, made({intermediateSize: 0}), /intermediateSize is 0, but must be at least 1/],
  [
    'a width of nothing',
    ConfigError,
    made({decoderIntermediateSize: 4}),
    /decoderIntermediateSize is 4, but must be 0/,
  ],
  [
    'too many groups',
    ConfigError,
    made({encoderFfn: 'cycle', encoderFfnGroups: 3}),
    /encoderFfnGroups is 3, but must be at most 2, as numEncoderLayers is/,
  ],
  [
    'groups of one',
    ConfigError,
    made({encoderFfnGroups: 2}),
    /encoderFfnGroups is 2, but must be at most 1, as encoderFfn is "shared"/,
  ],
  [
    'stacks that share nothing',
    ConfigError,
    made({shareFfnAcross: true}),
    /shareFfnAcross is true, but needs encoderFfn and decoderFfn to be "shared"/,
  ],
  [
    'stacks of other widths',
    ConfigError,
    made({...schemes.sharedEncDec, decoderIntermediateSize: 5}),
    /decoderIntermediateSize is 5, but must be intermediateSize 32/,
  ],
  ['no encoder', ConfigError, made({numEncoderLayers: 0}), /numEncoderLayers is 0, but must be at least 1/],
  ['an end that is padding', ConfigError, made({endToken: 1}), /endToken is 1, but must be another than padToken/],
  [
    'attention to no memory',
    ConfigError,
    made({decoderOnly: true, numEncoderLayers: 0, decoderCrossAttention: 'shared'}),
    /decoderCrossAttention is "shared", but must be "individual"/,
  ],
  ['an unknown field', ConfigError, made({numLayers: 2}), /unknown field numLayers; known are /],
  [
    'groups that are none',
    ConfigError,
    () => sharingGroups('cycle', 4, 0),
    /^sharingGroups: numGroups is 0, but must be/,
  ],
  [
    'positions that are too narrow',
    ShapeError,
    () => ops.fairseqSinusoids([0], 3),
    /hiddenSize is 3, but must be a whole number of at least 4/,
  ],
  [
    'a decoder without a memory',
    ShapeError,
    () =>
      layers
        .decoderBlock({name: 'block', numHeads: 2, intermediateSize: 0})
        .forward({} as tf.Tensor, {training: false}),
    /^block: needs the memory of an encoder/,
  ],
  ['beams that are none', ConfigError, () => searched({beams: 0}), /^beamSearch: beams is 0/],
  [
    'separate embeddings',
    CheckpointError,
    () => loadedWith({share_all_embeddings: false}),
    /share_all_embeddings is false, but only true can be loaded/,
  ],
  [
    'a scheme of a file that is none',
    CheckpointError,
    () => loadedWith({decoder_ffn: 'some'}),
    /decoder_ffn "some" is unknown; known are individual/,
  ],
  [
    'a file of another scheme',
    CheckpointError,
    () => loadedWith({encoder_ffn: 'none', encoder_ffn_embed_dim: 0}),
    /tensor "encoder\.layers\.0\.fc1\.weight" of shape \[128, 8\] belongs to no weight of the model/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);
