import * as tf from '@tensorflow/tfjs';
import {inference, type StreamState, softmaxCrossEntropy, type WeightedAverageState} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  type Kind,
  layerOutputs,
  loadLayer,
  probedLayer,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, ops, type Rwkv, type RwkvVersion} from '../src';
import {channelMixTensors, timeMixTensors} from '../src/checkpoints/tensors';
import {resolveRwkvConfig} from '../src/config';

type Tensors = {[name: string]: tf.Tensor};
type Shift = {shift: tf.Tensor};
/** Version 4 has the sums of a weighted average, the others a matrix. */
type BlockState = {mixer: Shift & WeightedAverageState & {memory: tf.Tensor}; feedForward: Shift};

const numbersOf = (golden: GoldenCase) => golden.config as {[field: string]: number};

/** A configuration for the names and shapes of a mix alone. */
function partConfig(golden: GoldenCase, version: RwkvVersion) {
  const {n_embd: hiddenSize, dim_att: attentionSize, head_size_a: headSize} = numbersOf(golden);
  const numHeads = headSize && attentionSize / headSize;
  return resolveRwkvConfig({version, vocabSize: 1, hiddenSize, attentionSize, numHeads});
}

function wkv4(golden: GoldenCase): Actual {
  const {time_decay, time_first} = golden.weights();
  const inputs = {'input.k': golden.input('k'), 'input.v': golden.input('v'), time_decay, time_first};
  const scan = (given: Tensors, state: WeightedAverageState | null) => {
    const logDecay = given.time_decay.exp().neg();
    return ops.wkv4(given['input.k'], given['input.v'], {logDecay, bonus: given.time_first, state});
  };
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

/** Versions 5 and 6: a decay and a bonus as the reference's raw parameters, heads as features one after the other. */
function wkv56(golden: GoldenCase): Actual {
  const {n_head: numHeads, head_size: headSize} = numbersOf(golden);
  const names = ['r', 'k', 'v', 'w', 'u'];
  const inputs = Object.fromEntries(names.map((name) => [`input.${name}`, golden.input(name)]));
  const run = (given: Tensors) => {
    const split = (x: tf.Tensor) => (x.rank === 3 ? x.reshape([...x.shape.slice(0, 2), numHeads, headSize]) : x);
    const [r, k, v, w, u] = names.map((name) => split(given[`input.${name}`]));
    const {output, state} = ops.wkv56(r, k, v, {logDecay: w.exp().neg(), bonus: u, state: given['input.state']});
    return {output: output.reshape(given['input.v'].shape), state};
  };
  return probedRecurrence(golden, inputs, run);
}

/** A recurrence with a matrix, from nothing and from a state, whose last state is then part of the loss. */
function probedRecurrence(
  golden: GoldenCase,
  inputs: Tensors,
  run: (given: Tensors) => {output: tf.Tensor; state: tf.Tensor},
): Actual {
  const withState = {...inputs, 'input.state': golden.input('state')};
  const probe = golden.tensor('probe');
  const loss = (...values: tf.Tensor[]) => {
    const {output, state} = run(Object.fromEntries(Object.keys(withState).map((name, i) => [name, values[i]])));
    return output.mul(probe).sum().add(state.square().sum().mul(0.5)) as tf.Scalar;
  };
  const gradients = tf.grads(loss)(Object.values(withState));
  const {output, state} = run(withState);
  const terms = output.mul(probe).abs().sum().add(state.square().sum().mul(0.5));
  return {
    ...probedOperator(golden, {
      inputs,
      run: (given) => ({'output.y': run(given).output}),
      probes: {'output.y': 'probe'},
    }),
    'state.final': run(inputs).state,
    'with_state.output.y': output,
    'with_state.state.final': state,
    'with_state.loss': {value: loss(...Object.values(withState)), scale: terms},
    ...Object.fromEntries(Object.keys(withState).map((name, i) => [`with_state.grad.${name}`, gradients[i]])),
  };
}

/** Version 7, whose reference keeps values before keys in its state. */
function wkv7Operator(golden: GoldenCase): Actual {
  const {n_head: numHeads, head_size: headSize} = numbersOf(golden);
  const names = ['r', 'w', 'k', 'v', 'a', 'b'];
  const inputs = Object.fromEntries(names.map((name) => [`input.${name}`, golden.input(name)]));
  const run = (given: Tensors) => {
    const [r, w, k, v, a, b] = names.map((name) => {
      const x = given[`input.${name}`];
      return x.reshape([...x.shape.slice(0, 2), numHeads, headSize]);
    });
    const before = given['input.state']?.transpose([0, 1, 3, 2]);
    const {output, state} = ops.wkv7(r, k, v, {logDecay: w.exp().neg(), lookups: a, corrections: b, state: before});
    return {output: output.reshape(given['input.v'].shape), state: state.transpose([0, 1, 3, 2])};
  };
  return probedRecurrence(golden, inputs, run);
}

/** The time mix of versions 4 to 6 alone. */
const timeMix =
  (version: 4 | 5 | 6): Kind =>
  async (golden) => {
    const config = partConfig(golden, version);
    const {attentionSize, numHeads} = config;
    const weights = golden.weights();
    const mixRank = weights.time_maa_w1 && (weights.time_maa_w1.shape[1] as number) / 5;
    const decayRank = weights.time_decay_w1?.shape[1];
    const layer = {
      4: () => layers.timeMix4({attentionSize}),
      5: () => layers.timeMix5({attentionSize, numHeads}),
      6: () => layers.timeMix6({attentionSize, numHeads, mixRank, decayRank}),
    }[version]();
    return probedLayer(golden, await loadLayer(golden, layer, timeMixTensors(config, '', `${layer.name}/`, true)));
  };

/** The time mix of version 7 alone: of the first layer, whose values are stored too, or of a later one, which takes them. */
async function timeMix7(golden: GoldenCase): Promise<Actual> {
  const config = partConfig(golden, 7);
  const {attentionSize, numHeads} = config;
  const layerIndex = golden.config.layer_id as number;
  const isFirst = layerIndex === 0;
  const weights = golden.weights();
  const rank = (name: string) => weights[name]?.shape[1] as number | undefined;
  const ranks = {decayRank: rank('w1'), learningRateRank: rank('a1'), valueRank: rank('v1'), gateRank: rank('g1')};
  const layer = layers.timeMix7({attentionSize, numHeads, layerIndex, numLayers: layerIndex + 1, ...ranks});
  const inputs = {
    'input.x': golden.input('x'),
    ...(!isFirst && {'input.v_first': golden.input('v_first')}),
  };
  const run = (given: Tensors): Tensors => {
    const firstValues = given['input.v_first'];
    const {output, carried} = layer.advance(given['input.x'], null, {
      ...inference,
      ...(firstValues && {carried: {firstValues}}),
    });
    if (!isFirst) return {'output.y': output};
    const values = carried?.firstValues as tf.Tensor;
    return {'output.y': output, 'output.v_first': values, share: values.mul(golden.description.loss_v_first as number)};
  };
  const tensors = timeMixTensors(config, '', `${layer.name}/`, isFirst);
  const loaded = await loadLayer(golden, layer, tensors, {build: () => layer.apply(Object.values(inputs))});
  return probedLayer(golden, loaded, {inputs, run, probes: {'output.y': 'probe', ...(isFirst && {share: 'probe'})}});
}

/** The channel mix of a version alone. */
const channelMix =
  (version: RwkvVersion): Kind =>
  async (golden) => {
    const {dim_ffn: intermediateSize} = numbersOf(golden);
    const layer =
      version === 7 ? layers.plainChannelMix({intermediateSize}) : layers.gatedChannelMix({version, intermediateSize});
    const tensors = channelMixTensors(partConfig(golden, version), '', `${layer.name}/`);
    return probedLayer(golden, await loadLayer(golden, layer, tensors));
  };

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
  const blocks = [...layerOutputs(model, tokens)].filter(([name]) => name.startsWith('block_'));
  return Object.fromEntries(blocks.map(([name, y]) => [`output.block${name.slice('block_'.length)}`, y]));
}

/** Token by token; `look` sees the blocks' states after t tokens. Returns the last logits [batch, vocabulary]. */
function stepByStep(model: Rwkv, tokens: tf.Tensor, look: (blocks: BlockState[], t: number) => void): tf.Tensor {
  const logits = feed(model, tokens, {look: (state, t) => look(blockStates(model, state), t)});
  return tf.unstack(logits, 1).at(-1) as tf.Tensor;
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
    const stored: {[name: string]: (block: BlockState) => tf.Tensor} = {
      [`state.${t}.att_x`]: ({mixer}) => mixer.shift,
      [`state.${t}.ffn_x`]: ({feedForward}) => feedForward.shift,
      // Version 7's reference keeps values before keys.
      [`state.${t}.wkv`]: ({mixer}) =>
        model.config.version === 7 ? mixer.memory.transpose([0, 1, 3, 2]) : mixer.memory,
    };
    for (const [name, part] of Object.entries(stored))
      if (golden.has(name)) states[name] = tf.stack(blocks.map(part), 1);
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
  'v4-time-mix': timeMix(4),
  'v4-channel-mix': channelMix(4),
  'v4-lm': languageModel,
  'v4-lm-hf': huggingFaceModel,
  'v5-wkv': wkv56,
  'v5-time-mix': timeMix(5),
  'v5-channel-mix': channelMix(5),
  'v5-lm': languageModel,
  'v6-wkv': wkv56,
  'v6-time-mix': timeMix(6),
  'v6-channel-mix': channelMix(6),
  'v6-lm': languageModel,
  'v7-wkv': wkv7Operator,
  'v7-time-mix': timeMix7,
  'v7-channel-mix': channelMix(7),
  'v7-lm': languageModel,
});
