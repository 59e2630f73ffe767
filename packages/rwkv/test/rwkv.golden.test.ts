import * as tf from '@tensorflow/tfjs';
import {type StreamState, softmaxCrossEntropy, type WeightedAverageState} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, ops, type Rwkv} from '../src';
import {channelMixTensors, timeMixTensors} from '../src/checkpoints/tensors';
import {resolveConfig} from '../src/config';
import {probedLayer} from './golden-parts';

type Tensors = {[name: string]: tf.Tensor};
type BlockState = {mixer: {shift: tf.Tensor} & WeightedAverageState; feedForward: {shift: tf.Tensor}};

const numbersOf = (golden: GoldenCase) => golden.config as {[field: string]: number};

/** A configuration for the names and shapes of a mix alone. */
function partConfig(golden: GoldenCase) {
  const {n_embd: hiddenSize, dim_att: attentionSize} = numbersOf(golden);
  return resolveConfig({version: 4, vocabSize: 1, hiddenSize, attentionSize});
}

function wkv4(golden: GoldenCase): Actual {
  const {time_decay, time_first} = golden.weights();
  const inputs = {'input.k': golden.input('k'), 'input.v': golden.input('v'), time_decay, time_first};
  const scan = (given: Tensors, state: WeightedAverageState | null) =>
    ops.wkv4(given.time_decay, given.time_first, given['input.k'], given['input.v'], state);
  const stored = (prefix: string, {numerator, denominator, maximum}: WeightedAverageState): Tensors => ({
    [`${prefix}aa`]: numerator,
    [`${prefix}bb`]: denominator,
    [`${prefix}pp`]: maximum,
  });
  const [numerator, denominator, maximum] = ['aa', 'bb', 'pp'].map((name) => golden.input(`state.${name}`));
  const before = {numerator, denominator, maximum};
  const probed = (output: string, prefix: string, state: WeightedAverageState | null) =>
    probedOperator(golden, {
      inputs,
      run: (given) => ({[output]: scan(given, state).output}),
      probes: {[output]: 'probe'},
      prefix,
    });
  return {
    ...probed('output.y', '', null),
    ...probed('output.with_state.y', 'with_state.', before),
    ...stored('state.final.', scan(inputs, null).state),
    ...stored('state.with_state.', scan(inputs, before).state),
  };
}

function timeMix4(golden: GoldenCase): Actual {
  const {dim_att: attentionSize} = numbersOf(golden);
  return probedLayer(golden, layers.timeMix4({attentionSize}), (ours) => timeMixTensors(partConfig(golden), '', ours));
}

function channelMix4(golden: GoldenCase): Actual {
  const {dim_ffn: intermediateSize} = numbersOf(golden);
  return probedLayer(golden, layers.gatedChannelMix({intermediateSize}), (ours) =>
    channelMixTensors(partConfig(golden), '', ours),
  );
}

/** The mean cross entropy in training, where nothing is rescaled. */
function trainingLoss(model: Rwkv, tokens: tf.Tensor): tf.Scalar {
  const [batch, time] = tokens.shape;
  const logits = model.logits(tokens, {training: true}).slice([0, 0, 0], [batch, time - 1, -1]);
  return softmaxCrossEntropy(logits, tokens.slice([0, 1], [batch, time - 1]));
}

function trained(model: Rwkv, tokens: tf.Tensor, prefix = ''): Actual {
  const {loss, gradients} = gradientsOf(model, () => trainingLoss(model, tokens));
  return {[`${prefix}loss`]: loss.as1D(), ...authorsGradients(model, gradients, `${prefix}grad.`)};
}

/** The residual stream after each block. */
function blockOutputs(model: Rwkv, tokens: tf.Tensor): Tensors {
  const outputs: Tensors = {};
  model.forward(tokens, {training: false}, (layer, x) => {
    const y = layer.forward(x, {training: false});
    if (layer.name.startsWith('block_')) outputs[`output.block${layer.name.slice('block_'.length)}`] = y;
    return y;
  });
  return outputs;
}

/** Token by token; `look` sees the blocks' states after t tokens. Returns the last logits [batch, vocabulary]. */
function stepByStep(model: Rwkv, tokens: tf.Tensor, look: (blocks: BlockState[], t: number) => void): tf.Tensor {
  let state: StreamState | null = null;
  let logits: tf.Tensor | undefined;
  tf.split(tokens, tokens.shape[1] as number, 1).forEach((token, t) => {
    ({logits, state} = model.stream(token, state));
    look(blockStates(model, state as StreamState), t + 1);
  });
  (state as StreamState | null)?.dispose();
  return (logits as tf.Tensor).squeeze([1]);
}

const blockStates = (model: Rwkv, state: StreamState): BlockState[] =>
  Array.from(
    {length: model.config.numLayers},
    (_, i) => (state.tree as unknown as {[block: string]: BlockState})[`block_${i}`],
  );

/** The five vectors of each block in the authors' order. */
const vectors = ({mixer, feedForward}: BlockState) => [
  feedForward.shift,
  mixer.shift,
  mixer.numerator,
  mixer.denominator,
  mixer.maximum,
];

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('idx');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const penalized = await fromPretrained(golden.directory, {config: {logitPenalty: 1e-4}});
  const states: Tensors = {};
  const last = stepByStep(model, tokens, (blocks, t) => {
    if (golden.has(`state.rnn.${t}`)) states[`state.rnn.${t}`] = tf.stack(blocks.flatMap(vectors), 1);
  });
  return {
    'output.logits': model.logits(tokens),
    ...blockOutputs(model, tokens),
    ...trained(model, tokens),
    ...trained(penalized, tokens, 'l2wrap.'),
    'output.rnn_logits_last': last,
    ...states,
  };
}

async function huggingFaceModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('input_ids');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const stored = (prefix: string, state: StreamState): Tensors => {
    const blocks = blockStates(model, state).map(vectors);
    return Object.fromEntries(
      blocks[0].map((_, i) => [
        `${prefix}.${i}`,
        tf.stack(
          blocks.map((block) => block[i]),
          -1,
        ),
      ]),
    );
  };
  const chunk = golden.description.chunk1 as number;
  const [head, rest] = tf.split(tokens, [chunk, (tokens.shape[1] as number) - chunk], 1);
  const first = model.stream(head);
  const afterFirst = stored('state.chunk1', first.state);
  const second = model.stream(rest, first.state);
  const afterAll = stored('state.final', second.state);
  second.state.dispose();
  return {
    'output.logits': model.logits(tokens, {training: true}),
    ...trained(model, tokens),
    ...afterFirst,
    ...afterAll,
    'output.chunk2_logits': second.logits,
    'output.step_last_logits': stepByStep(model, tokens, () => {}),
  };
}

goldenTests(import.meta.url, {
  'v4-wkv': wkv4,
  'v4-time-mix': timeMix4,
  'v4-channel-mix': channelMix4,
  'v4-lm': languageModel,
  'v4-lm-hf': huggingFaceModel,
});
