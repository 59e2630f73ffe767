import * as tf from '@tensorflow/tfjs';
import {mappings, rotaryEmbedding, rotaryTables} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  layerOutputs,
  loadLayer,
  probedLayer,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, ops, type RetentionMemory, type RetNet} from '../src';
import {rotationFrequencies} from '../src/retention-layer';

type Tensors = {[name: string]: tf.Tensor};

/** A memory by the stored names and as the authors keep it, copied, since the stream goes on and frees it. */
const stored = (prefix: string, {keyValue, scale}: RetentionMemory): Tensors => ({
  [`${prefix}prev_key_value`]: tf.tidy(() => keyValue.div(scale.sqrt().reshape([-1, 1, 1])).transpose([0, 1, 3, 2])),
  [`${prefix}scale`]: scale.clone(),
});

const projections = {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', gate: 'g_proj', output: 'out_proj'};

async function retentionOperator(golden: GoldenCase): Promise<Actual> {
  const {
    num_heads: numHeads,
    value_dim: valueSize,
    layernorm_eps: normEpsilon,
    recurrent_chunk_size: chunkSize,
  } = golden.config as {[field: string]: number};
  const {'rel_pos.decay': logDecays, ...weights} = golden.weights();
  const x = golden.input('x');
  const decays = Array.from(logDecays.dataSync(), Math.exp);
  const load = (form: 'parallel' | 'chunkwise') => {
    const layer = layers.retention({
      ...{numHeads, valueSize, normEpsilon, chunkSize, decays, form},
      chunkNormalizer: 'torchscale',
    });
    const tensors = Object.entries(projections).flatMap(([ours, theirs]) =>
      mappings.linear(theirs, `${layer.name}/${ours}`, {useBias: false}),
    );
    return {layer, loaded: loadLayer(golden, layer, tensors, {ignored: [/^rel_pos\./]})};
  };
  const parallel = load('parallel');
  const chunkwise = load('chunkwise');

  const [batch, time] = x.shape as number[];
  const split = (name: string, by = 1) =>
    tf
      .matMul(x.reshape([batch * time, -1]), weights[name], false, true)
      .mul(by)
      .reshape([batch, time, numHeads, -1])
      .transpose([0, 2, 1, 3]);
  const keySize = (golden.config.embed_dim as number) / numHeads;
  const tables = rotaryTables(
    Array.from({length: time}, (_, n) => n),
    rotationFrequencies(keySize),
  );
  const q = rotaryEmbedding(split('q_proj.weight'), tables);
  const k = rotaryEmbedding(split('k_proj.weight', keySize ** -0.5), tables);
  const twice = (table: tf.Tensor) => tf.stack([table, table], -1).reshape([time, keySize]);

  const states: Actual = {};
  const whole = probedLayer(golden, await parallel.loaded);
  const inChunks = probedLayer(golden, await chunkwise.loaded, {
    run: ({'input.x': given}) => ({'output.chunkwise_y': chunkwise.layer.apply(given) as tf.Tensor}),
    probes: {'output.chunkwise_y': 'probe'},
    prefix: 'chunkwise.',
  });
  const recurrentOutput = feed(parallel.layer, x, {
    look: (state, t) => Object.assign(states, stored(`state.${t}.`, state.tree as RetentionMemory)),
  });
  return {
    ...whole,
    ...inChunks,
    ...states,
    'output.recurrent_y': recurrentOutput,
    'output.retention_parallel': ops.retention(q, k, split('v_proj.weight'), decays).transpose([0, 2, 1, 3]),
    'rel_pos.sin': twice(tables.sin),
    'rel_pos.cos': twice(tables.cos),
    'rel_pos.mask': ops.normalizedDecayMatrix(decays, time),
  };
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const load = (directory: string) => fromPretrained(directory);
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const chunkwise = await fromPretrained(golden.directory, {config: {form: 'chunkwise'}});
  const trained = (form: RetNet, prefix: string): Actual => {
    const {loss, gradients} = gradientsOf(form, () => form.loss(tokens));
    return {[`${prefix}loss`]: loss.as1D(), ...authorsGradients(form, gradients, `${prefix}grad.`)};
  };

  const inner = [...layerOutputs(model, tokens)].filter(([name]) => /^(embedding|block)/.test(name));
  // Of the embedding and its norm, where it has one, the last counts.
  const hidden = inner.filter(([name], i) => name.startsWith('block') || inner[i + 1]?.[0].startsWith('block'));

  const states: Actual = {};
  const recurrentLogits = feed(model, tokens, {
    look: (state, t) => {
      const tree = state.tree as {[block: string]: RetentionMemory};
      for (let i = 0; i < model.config.numLayers; i++)
        if (golden.has(`state.${t}.${i}.scale`)) Object.assign(states, stored(`state.${t}.${i}.`, tree[`block_${i}`]));
    },
  });
  return {
    'output.logits': model.logits(tokens),
    'output.chunkwise_logits': chunkwise.logits(tokens),
    'output.recurrent_logits': recurrentLogits,
    ...Object.fromEntries(hidden.map(([, h], i) => [`output.inner${i}`, h])),
    ...trained(model, ''),
    ...trained(chunkwise, 'chunkwise.'),
    ...states,
  };
}

goldenTests(import.meta.url, {retention: retentionOperator, lm: languageModel});
