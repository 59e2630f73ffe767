import * as tf from '@tensorflow/tfjs';
import {inference, type StreamState, withoutPadding} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  layerOutputs,
  probedOperator,
  probeLoss,
  roundTrip,
} from '@variants-tooling/golden';
import {type Conformer, fromPretrained} from '../src';

const load = (directory: string) => fromPretrained(directory);

/** A model of a case, which has come back from its files as it was. */
async function loaded(golden: GoldenCase): Promise<Conformer> {
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  return model;
}

/** Running statistics as they are now, in the authors' names. */
function statisticsOf(model: Conformer): Actual {
  const values = model.nonTrainableWeights.map((weight): [string, tf.Tensor] => [
    weight.originalName,
    weight.read().clone(),
  ]);
  return authorsGradients(model, new Map(values), 'state.after.');
}

const trainingOf = ({description}: GoldenCase) => ({training: description.training === true});

async function torchaudioEncoder(golden: GoldenCase): Promise<Actual> {
  const model = await loaded(golden);
  const [features, lengths] = [golden.input('input'), golden.input('lengths')];
  const run = (x: tf.Tensor) => model.encode({features: x, lengths}, trainingOf(golden));
  run(features);
  const statistics = statisticsOf(model);
  const {gradients} = gradientsOf(model, () => probeLoss([run(features), golden.input('probe')]));
  return {
    ...probedOperator(golden, {
      inputs: {'input.input': features},
      run: (inputs) => ({'output.output': run(inputs['input.input'])}),
      probes: {'output.output': 'input.probe'},
    }),
    ...statistics,
    ...authorsGradients(model, gradients),
  };
}

/** Labels [batch, labels] with -100 behind those of shorter rows. */
function labelsOf(golden: GoldenCase): tf.Tensor2D {
  const [targets, lengths] = [golden.input('targets'), golden.input('target_lengths')];
  const isThere = tf.range(0, targets.shape[1] as number).less(lengths.toFloat().expandDims(1));
  return tf.where(isThere, targets, tf.fill(targets.shape, -100, 'int32')) as tf.Tensor2D;
}

/** Costs of the labels, [batch], one utterance after the other. */
function costsOf(model: Conformer, logits: tf.Tensor, labels: tf.Tensor2D): tf.Tensor1D {
  const batch = logits.shape[0];
  const rows = Array.from({length: batch}, (_, i) => model.criterion(logits.slice(i, 1), labels.slice(i, 1)));
  return tf.stack(rows) as tf.Tensor1D;
}

/** What a whole model computes of features, with the loss that `reduce` makes of the costs of all utterances. */
function wholeModel(golden: GoldenCase, model: Conformer, reduce: (costs: tf.Tensor1D) => tf.Tensor): Actual {
  const [features, lengths] = [golden.input('input'), golden.input('lengths')];
  const options = {...inference, ...trainingOf(golden)};
  const labels = labelsOf(golden);
  const loss = (x: tf.Tensor) => reduce(costsOf(model, model.forward([x, lengths], options), labels)).asScalar();
  const outputs = layerOutputs(model, [features, lengths], options);
  const statistics = statisticsOf(model);
  const {loss: value, gradients} = gradientsOf(model, () => loss(features));
  const named = (name: string) => outputs.get(name) as tf.Tensor;
  return {
    'output.subsampled': () => named('subsampling'),
    'output.projected': () => named('projection'),
    'output.encoder': () => named('final_norm'),
    'output.output': tf.logSoftmax(named('head')),
    'output.output_lengths': model.outputLengths(lengths),
    loss: value.as1D(),
    'grad.input.input': tf.grad(loss)(features),
    ...statistics,
    ...authorsGradients(model, gradients),
  };
}

async function sooftwareCtc(golden: GoldenCase): Promise<Actual> {
  const model = await loaded(golden);
  const counts = golden.input('target_lengths').toFloat().maximum(1);
  return wholeModel(golden, model, (costs) => costs.div(counts).mean());
}

async function wenetCtc(golden: GoldenCase): Promise<Actual> {
  const model = await loaded(golden);
  const actual = wholeModel(golden, model, (costs) => costs.mean());
  const encoder = (actual['output.encoder'] as () => tf.Tensor)();
  const frames = encoder.shape[1] as number;
  const mask = tf
    .range(0, frames)
    .less(model.outputLengths(golden.input('lengths')).toFloat().expandDims(1))
    .toFloat();
  return {
    ...actual,
    'output.encoder': withoutPadding(encoder, mask),
    'output.output': withoutPadding(actual['output.output'] as tf.Tensor, mask),
  };
}

type Block = {attention: {keys: tf.Tensor; values: tf.Tensor}; convolution: tf.Tensor};

/** The vectors of an utterance that comes as a microphone gives it, and what is remembered after `looks` frames of them. */
function streamed(model: Conformer, features: tf.Tensor, look: (blocks: Block[], frames: number) => void): tf.Tensor {
  let state: StreamState | null = null;
  const length = features.shape[1] as number;
  const parts: tf.Tensor[] = [];
  for (let start = 0; start < length; start += 5) {
    const piece = features.slice([0, start, 0], [-1, Math.min(5, length - start), -1]);
    const step: ReturnType<Conformer['streamVectors']> = model.streamVectors(piece, state, {last: start + 5 >= length});
    state = step.state;
    parts.push(step.vectors);
    const {blocks, frames} = state.tree as unknown as {blocks: {[name: string]: Block}; frames: number};
    look(Object.values(blocks), frames);
  }
  (state as StreamState | null)?.dispose();
  return tf.concat(
    parts.filter(({size}) => size > 0),
    1,
  );
}

async function wenetStream(golden: GoldenCase): Promise<Actual> {
  const actual = await wenetCtc(golden);
  const model = await load(golden.directory);
  const caches: Actual = {};
  const lengths = golden.integers('lengths');
  const chunkSize = golden.config.decoding_chunk_size as number;
  const streams = lengths.map((length, row) => {
    const features = golden.input('input').slice([row, 0, 0], [1, length, -1]);
    return streamed(model, features, (blocks, frames) => {
      if (row > 0 || frames !== 2 * chunkSize) return;
      const {stack, concat} = tf;
      caches['state.att_cache'] = stack(
        blocks.map(({attention: {keys, values}}) => concat([keys, values], 3).squeeze([0])),
      );
      caches['state.cnn_cache'] = stack(blocks.map(({convolution}) => convolution.transpose([0, 2, 1])));
    });
  });
  return {
    ...actual,
    ...caches,
    ...Object.fromEntries(streams.map((vectors, row) => [`output.stream_${row}`, vectors])),
  };
}

export const modelKinds: Kinds = {
  'torchaudio-encoder': torchaudioEncoder,
  'sooftware-ctc': sooftwareCtc,
  'wenet-ctc': wenetCtc,
  'wenet-stream': wenetStream,
};
