import * as tf from '@tensorflow/tfjs';
import {rotaryEmbedding, rotaryTables, type StreamState} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  layerOutputs,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, ops, type RetentionMemory, type RetNet} from '../src';
import {rotationFrequencies} from '../src/retention-layer';

type Tensors = {[name: string]: tf.Tensor};

/** Token by token through `step`, which returns the output [batch, 1, ...]; `look` sees the state after t tokens. */
function feedOneByOne(
  x: tf.Tensor,
  step: (piece: tf.Tensor, state: StreamState | null) => {output: tf.Tensor; state: StreamState},
  look: (state: StreamState, t: number) => void,
): tf.Tensor {
  let state: StreamState | null = null;
  const outputs = tf.split(x, x.shape[1] as number, 1).map((piece, t) => {
    const next = step(piece, state);
    state = next.state;
    look(state, t + 1);
    return next.output;
  });
  (state as StreamState | null)?.dispose();
  return tf.concat(outputs, 1);
}

/** A memory by the stored names and as the authors keep it, copied, since the stream goes on and frees it. */
const stored = (prefix: string, {keyValue, scale}: RetentionMemory): Tensors => ({
  [`${prefix}prev_key_value`]: tf.tidy(() => keyValue.div(scale.sqrt().reshape([-1, 1, 1])).transpose([0, 1, 3, 2])),
  [`${prefix}scale`]: scale.clone(),
});

const operatorWeights = ['q_proj', 'k_proj', 'v_proj', 'g_proj', 'out_proj'].map((name) => `${name}.weight`);

function retentionOperator(golden: GoldenCase): Actual {
  const {
    num_heads: numHeads,
    value_dim: valueSize,
    layernorm_eps: normEpsilon,
    recurrent_chunk_size: chunkSize,
  } = golden.config as {[field: string]: number};
  const {'rel_pos.decay': logDecays, ...weights} = golden.weights();
  const x = golden.input('x');
  const decays = Array.from(logDecays.dataSync(), Math.exp);
  const layer = (form: 'parallel' | 'chunkwise') => {
    const made = layers.retention({numHeads, valueSize, normEpsilon, chunkSize, decays, form});
    made.apply(x);
    return made;
  };
  const withWeights = (made: ReturnType<typeof layer>) => {
    made.setWeights(operatorWeights.map((name) => weights[name].transpose()));
    return made;
  };
  const gradientsBy = (form: 'parallel' | 'chunkwise', output: string, prefix: string): Actual => {
    const made = withWeights(layer(form));
    const outputs = made.apply(x) as tf.Tensor;
    const {gradients} = gradientsOf(made, () => (made.apply(x) as tf.Tensor).mul(golden.tensor('probe')).sum());
    const byInput = probedOperator(golden, {
      inputs: {'input.x': x},
      run: (inputs) => ({[output]: made.apply(inputs['input.x']) as tf.Tensor}),
      probes: {[output]: 'probe'},
      prefix,
    });
    const names = [...gradients.values()].map((gradient, i) => [
      `${prefix}grad.${operatorWeights[i]}`,
      gradient.transpose(),
    ]);
    return {...byInput, [output]: outputs, ...Object.fromEntries(names)};
  };

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
  const recurrent = withWeights(layer('parallel'));
  const recurrentOutput = feedOneByOne(
    x,
    (piece, state) => recurrent.stream(piece, state),
    (state, t) => Object.assign(states, stored(`state.${t}.`, state.tree as RetentionMemory)),
  );
  return {
    ...gradientsBy('parallel', 'output.y', ''),
    ...gradientsBy('chunkwise', 'output.chunkwise_y', 'chunkwise.'),
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
  const recurrentLogits = feedOneByOne(
    tokens,
    (piece, state) => {
      const {logits, state: next} = model.stream(piece, state);
      return {output: logits, state: next};
    },
    (state, t) => {
      const tree = state.tree as {[block: string]: RetentionMemory};
      for (let i = 0; i < model.config.numLayers; i++)
        if (golden.has(`state.${t}.${i}.scale`)) Object.assign(states, stored(`state.${t}.${i}.`, tree[`block_${i}`]));
    },
  );
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
