import * as tf from '@tensorflow/tfjs';
import {CheckpointError, ConfigError, checkpointFiles, languageModel, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {fromPretrained, layers, type MultiQueryOptions, meanPoolKeyValueHeads, mqa, ops} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 4, intermediateSize: 8, maxSequenceLength: 6};

/** The files of a small model, some fields of their configuration replaced. */
async function loadWith(options: Partial<MultiQueryOptions>, fields: object) {
  const model = mqa({...small, ...options});
  const files = await checkpointFiles(model);
  model.dispose();
  const config = {...JSON.parse(files['config.json']), ...fields};
  return fromPretrained({config, weights: files['model.safetensors']});
}

/** Pools a small model, which is freed whatever comes of it. */
function pooling(options: Partial<MultiQueryOptions>, numKeyValueHeads: number): void {
  const model = mqa({...small, ...options});
  try {
    meanPoolKeyValueHeads(model, {numKeyValueHeads}).dispose();
  } finally {
    model.dispose();
  }
}

refusals([
  [
    'heads of keys and values that do not divide those of queries',
    ConfigError,
    () => mqa({...small, numKeyValueHeads: 3}),
    /^mqa: numKeyValueHeads is 3, but must divide numHeads 4$/,
  ],
  [
    'scaled rotary positions without rotary positions',
    ConfigError,
    () => mqa({...small, family: 'gptBigCode', ropeScaling: {type: 'linear', factor: 2}}),
    /^mqa: ropeScaling is given, but family gptBigCode has no rotary positions$/,
  ],
  [
    'a layout of the other family',
    ConfigError,
    () => mqa({...small, layout: 'gptBigCode'}),
    /^mqa: layout is "gptBigCode", but with family llama and rotaryPairing halves must be llama or mistral$/,
  ],
  [
    'a layout of the other pairing',
    ConfigError,
    () => mqa({...small, layout: 'mistral', rotaryPairing: 'interleaved'}),
    /^mqa: layout is "mistral", but with family llama and rotaryPairing interleaved must be meta$/,
  ],
  [
    'GPTBigCode in a layout of LLaMA',
    ConfigError,
    () => mqa({...small, family: 'gptBigCode', layout: 'llama'}),
    /^mqa: layout is "llama", but with family gptBigCode must be gptBigCode$/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => mqa({...small, numGroups: 5} as typeof small),
    /unknown field numGroups; known are /,
  ],
  [
    'a number of heads to pool to that does not divide those there are',
    ConfigError,
    () => pooling({numKeyValueHeads: 4}, 3),
    /^meanPoolKeyValueHeads: numKeyValueHeads is 3, but must be a whole number that divides the model's 4$/,
  ],
  [
    'more heads to pool to than there are',
    ConfigError,
    () => pooling({numKeyValueHeads: 2}, 4),
    /numKeyValueHeads is 4, but must be a whole number that divides the model's 2/,
  ],
  [
    'half a head to pool to',
    ConfigError,
    () => pooling({numKeyValueHeads: 4}, 0.5),
    /numKeyValueHeads is 0.5, but must be a whole number/,
  ],
  [
    'pooling of a model without such heads',
    ConfigError,
    () => {
      const model = languageModel({vocabSize: 8, hiddenSize: 8, blocks: [layers.multiQueryBlock(block)]});
      try {
        meanPoolKeyValueHeads(model as never, {numKeyValueHeads: 1});
      } finally {
        model.dispose();
      }
    },
    /the model .* has no heads of keys and values/,
  ],
  [
    'pooling of a projection to a number of heads that does not divide its own',
    ConfigError,
    () => tf.tidy(() => ops.meanPoolHeads(tf.ones([4, 12]), 4, 3)),
    /^meanPoolHeads: numLeft is 3, but must be a whole number that divides numHeads, 4$/,
  ],
  [
    'an input without a certain width',
    ShapeError,
    () => layers.multiQueryAttention({name: 'mixer', numHeads: 2}).apply(tf.input({shape: [2, null]})),
    /^mixer: the last dimension of its input .* must be known/,
  ],
  [
    'GPT-2, which has the same names',
    CheckpointError,
    () => loadWith({family: 'gptBigCode'}, {model_type: 'gpt2'}),
    /model_type is "gpt2", but only "gpt_bigcode" can be loaded/,
  ],
  [
    'files that have other rows than their configuration says',
    CheckpointError,
    () => loadWith({family: 'gptBigCode'}, {multi_query: false}),
    /c_attn.weight" has shape \[12, 8\] instead of \[24, 8\]/,
  ],
  [
    'layers of which some have a window',
    CheckpointError,
    () => loadWith({window: 4}, {layer_types: ['full_attention', 'sliding_attention']}),
    /layer_types are full_attention and sliding_attention, but only one type for all layers can be loaded/,
  ],
  [
    'a window that is none',
    ConfigError,
    () => loadWith({window: 4}, {sliding_window: 0}),
    /^mqa: window is 0, but must be a whole number of at least 1, or nothing$/,
  ],
  [
    'another model with the names of LLaMA',
    CheckpointError,
    () => loadWith({}, {model_type: 'gemma'}),
    /model_type is "gemma", but only "llama" can be loaded/,
  ],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
]);

const block = {attention: {numHeads: 2}, intermediateSize: 8};
