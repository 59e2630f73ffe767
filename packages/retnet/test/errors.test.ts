import * as tf from '@tensorflow/tfjs';
import {
  attention,
  CheckpointError,
  ConfigError,
  checkpointFiles,
  DataError,
  EngineError,
  ShapeError,
  start,
} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import {afterAll, beforeAll} from 'vitest';
import {fromPretrained, layers, type RetNet, retnet} from '../src';

// The kinds of errors as a user of the package meets them.
const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2};
let model: RetNet;

beforeAll(() => {
  model = retnet(small);
});
afterAll(() => {
  model.dispose();
});

/** A checkpoint whose bytes of weights end early. */
async function truncated() {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors'].subarray(0, 100)};
}

refusals([
  [
    'a number of heads that does not fit',
    ConfigError,
    () => retnet({...small, numHeads: 5}),
    /numHeads is 5, but must divide hiddenSize 8/,
  ],
  [
    'a layer whose heads do not fit its input',
    ConfigError,
    () => layers.retention({numHeads: 3, name: 'mixer'}).apply(tf.input({shape: [2, 8]})),
    /^mixer: numHeads is 3, but must divide hiddenSize 8 into heads of an even size/,
  ],
  [
    'an unknown field',
    ConfigError,
    () => retnet({...small, headCount: 5} as typeof small),
    /unknown field headCount; known are /,
  ],
  ['an unknown option of generate', ConfigError, () => model.generate([1], {heat: 2} as object), /heat/],
  ['a token that the model does not have', DataError, () => model.logits([1, 99]), /99/],
  ['an empty prompt', DataError, () => model.generate([]), /the prompt is empty; give at least one token/],
  [
    'values of another length than keys',
    ShapeError,
    () => tf.tidy(() => attention(tf.zeros([1, 2, 4, 4]), tf.zeros([1, 2, 3, 4]), tf.zeros([1, 2, 4, 4]))),
    /values \[1,2,4,4\] must begin like keys \[1,2,3,4\]/,
  ],
  ['a file that is cut off', CheckpointError, async () => fromPretrained(await truncated()), /byte/],
  ['a folder that is not there', CheckpointError, () => fromPretrained('./no-such-folder'), /no-such-folder/],
  [
    'a name on the hub',
    CheckpointError,
    () => fromPretrained('microsoft/retnet-1.3b'),
    /names on the Hugging Face hub are not fetched: download its config.json .*huggingface.co\/microsoft\/retnet-1.3b/,
  ],
  [
    'weights without their configuration',
    CheckpointError,
    async () => fromPretrained({weights: (await checkpointFiles(model))['model.safetensors']}),
    /there is no config.json or params.json with vocab_size/,
  ],
  [
    'a promise of a checkpoint',
    CheckpointError,
    () => fromPretrained(Promise.resolve('./folder') as unknown as string),
    /not a promise, which must be awaited first/,
  ],
  [
    'an unknown option of fromPretrained',
    ConfigError,
    () => fromPretrained('./folder', {configuration: {}} as object),
    /fromPretrained: unknown option configuration; known are config, formats; did you mean config\?/,
  ],
  ['an engine that is not there', EngineError, () => start({engine: 'gpu9'}), /"gpu9"; registered are /],
]);
