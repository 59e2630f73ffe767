import * as tf from '@tensorflow/tfjs';
import {type Example, Random, type VariantModel} from '@variants/core';
import {conformance, type ExampleSize, randomLabels} from '@variants-tooling/conformance';
import {type Conformer, type ConformerOptions, conformer, fromPretrained} from '../src';
import {frameSteps} from '../src/config';

const small: ConformerOptions = {
  ...{vocabSize: 7, inputSize: 9, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, kernelSize: 5},
};

/** Features that become as many frames as the size has. */
function example(model: VariantModel, size: ExampleSize): Example {
  const {config} = model as unknown as Conformer;
  const {reach, step} = frameSteps(config);
  const random = new Random(size.seed, 'features');
  // sooftware's lengths are one short where a frame ends with them.
  const frames = reach + step * (size.time - 1) + (config.lengths === 'quarter' ? 1 : 0);
  const shape = [size.batch, frames, ...(config.inputSize === null ? [] : [config.inputSize])];
  const features = Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal());
  const labels = randomLabels(config.vocabSize as number, config.blank, size);
  return {
    inputs: [tf.tensor(features, shape), tf.fill([size.batch], frames, 'int32')],
    targets: tf.tensor2d(labels, undefined, 'int32'),
  };
}

const of = (name: string, fields: ConformerOptions, more: Partial<Parameters<typeof conformance>[0]> = {}) =>
  conformance({
    name,
    kind: 'speech-recognizer',
    create: (overrides) => conformer({...small, ...fields, ...overrides}),
    example,
    fromPretrained: (source) => fromPretrained(source),
    overfit: {steps: 120, learningRate: 0.01},
    ...more,
  });

of(
  'conformer',
  {},
  {
    invalid: [
      [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
      [{kernelSize: 4}, /kernelSize is 4, but must be odd, as causal is false/],
      [{blank: 7}, /blank is 7, but must be below vocabSize 7/],
      [{leftChunks: 2}, /leftChunks is 2, but must be null, as chunkSize is null/],
      [{inputSize: 6}, /inputSize is 6, but must be at least 7, as frontEnd is subsampling/],
      [{hiddenSize: 15, numHeads: 3}, /hiddenSize is 15, but must be even, as positions are relative/],
      [{hiddenSize: 10, positions: 'rotary'}, /numHeads is 2, so that a head has 5 features/],
      [{frontEnd: 'none', lengths: 'quarter'}, /lengths is quarter, but must be exact/],
      [{frontEnd: {channels: [4]}}, /frontEnd is .*, but its kernelSizes must be a list/],
      [{vocabSize: 1}, /vocabSize is 1, but must be a whole number of at least 2/],
    ],
  },
);

of('conformer that streams', {causal: true, chunkSize: 3, leftChunks: 1, convolutionNorm: 'layer', kernelSize: 4});

of(
  "conformer with WeNet's choices",
  {positions: 'key', scaleInput: true, finalNorm: true, normalizesInput: true, padding: 'wenet', blank: 6},
  // What the gate makes of zeros stands for padding, and zeros for what is beyond it.
  {mixesPadding: true},
);

of(
  "conformer with sooftware's choices",
  {padding: 'ignored', lengths: 'quarter', depthwiseBias: false, headBias: false, halfSteps: false},
  {mixesPadding: true},
);

of('conformer without a front end', {frontEnd: 'none', positions: 'absolute', convolutionFirst: true});

of('conformer of samples, with rotary positions', {
  frontEnd: {channels: [6, 8], kernelSizes: [4, 3], strides: [2, 2], useBias: true, norm: 'layer'},
  ...{inputSize: null, positions: 'rotary', activation: 'gelu', finalNorm: true},
});

of(
  'conformer with a norm over all frames',
  {frontEnd: 'none', inputSize: 16, positions: 'none', convolutionNorm: 'group', padding: 'keys'},
  {mixesPadding: true},
);
