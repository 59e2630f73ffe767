import * as tf from '@tensorflow/tfjs';
import {
  type AuthorsConfig,
  inference,
  joinHeads,
  mappings,
  readRopeScaling,
  type SelfAttention,
  scaledAngles,
  splitHeads,
} from '@variants/core';
import {
  type Actual,
  feed,
  type GoldenCase,
  type Kinds,
  loadLayer,
  probedLayer,
  probedOperator,
} from '@variants-tooling/golden';
import {layers, ops} from '../src';
import {headByHead} from '../src/checkpoints/gpt-big-code';

const causalBias = (time: number) =>
  tf.where(
    tf.linalg.bandPart(tf.ones([time, time]), -1, 0).toBool(),
    tf.scalar(0),
    tf.scalar(Number.NEGATIVE_INFINITY),
  );

/** Values of which every position takes its probabilities. */
const unitValues = (batch: number, heads: number, time: number) =>
  tf.broadcastTo(tf.eye(time), [batch, heads, time, time]);

/** What was computed in the rows of tokens, and what is stored in those of padding, where the reference looks at everything. */
function inTokenRows(golden: GoldenCase, name: string, computed: tf.Tensor, rowAxis: number): tf.Tensor {
  const [batch, time] = golden.input('attention_mask').shape as number[];
  const shape = computed.shape.map((_, axis) => (axis === 0 ? batch : axis === rowAxis ? time : 1));
  const isToken = golden.input('attention_mask').toBool().reshape(shape);
  return tf.where(tf.broadcastTo(isToken, computed.shape), computed, golden.tensor(name));
}

/** GPTBigCodeAttention: one projection for all of queries, keys and values. */
async function fusedAttention(golden: GoldenCase): Promise<Actual> {
  const {
    n_head: numHeads,
    n_embd,
    multi_query,
    scale_attn_weights,
  } = golden.config as {
    n_head: number;
    n_embd: number;
    multi_query?: boolean;
    scale_attn_weights?: boolean;
  };
  const headSize = n_embd / numHeads;
  const numKeyValueHeads = multi_query === false ? numHeads : 1;
  const scale = scale_attn_weights === false ? 1 : headSize ** -0.5;
  const layer = layers.multiQueryAttention({name: 'attention', numHeads, numKeyValueHeads, fused: true, scale});
  const order = multi_query === false ? headByHead({numHeads, headSize}) : undefined;
  const tensors = [
    ...mappings.linear('c_attn', 'attention/projections').map((mapping) => ({...mapping, order})),
    ...mappings.linear('c_proj', 'attention/output'),
  ];
  const x = golden.input('hidden_states');
  const [batch, time] = x.shape as number[];
  const loaded = await loadLayer(golden, layer, tensors, {build: () => layer.apply(x)});
  const attentionMask = golden.input('attention_mask').toFloat();
  const weight = (name: string) =>
    (layer.weights.find(({originalName}) => originalName === `attention/${name}`) as tf.LayerVariable).read();
  const linear = (y: tf.Tensor, name: string) =>
    tf
      .matMul(y.reshape([batch * time, -1]), weight(`${name}/kernel`) as tf.Tensor2D)
      .add(weight(`${name}/bias`))
      .reshape([batch, time, -1]);
  const widths = [numHeads, numKeyValueHeads, numKeyValueHeads].map((heads) => heads * headSize);
  const [q, k, v] = tf
    .split(linear(x, 'projections'), widths, -1)
    .map((part, i) => splitHeads(part, i === 0 ? numHeads : numKeyValueHeads));
  const probabilities = ops.attention(q, k, unitValues(batch, numKeyValueHeads, time), {
    scale,
    causal: true,
    mask: attentionMask.expandDims(1).expandDims(1),
  }).output;
  const actual = probedLayer(golden, loaded, {
    inputs: {input: x},
    run: ({input}) => ({'output.masked': layer.apply(input, {attentionMask}) as tf.Tensor}),
    probes: {'output.masked': 'probe'},
  });
  const {keys, values} = cacheOf(layer, x);
  const both = tf.concat([keys, values], -1);
  return {
    ...actual,
    'output.masked': inTokenRows(golden, 'output.masked', actual['output.masked'] as tf.Tensor, 1),
    'output.attentions.masked': inTokenRows(golden, 'output.attentions.masked', probabilities, 2),
    'output.causal': layer.apply(x) as tf.Tensor,
    'output.bidirectional': linear(joinHeads(ops.attention(q, k, v, {scale}).output), 'output'),
    'output.cached': () => feed(layer, x, {sizes: golden.integers('pieces')}),
    'state.key_value': multi_query === false ? both : both.squeeze([1]),
  };
}

/** The cache after a whole sequence. */
function cacheOf(layer: SelfAttention, x: tf.Tensor): {keys: tf.Tensor; values: tf.Tensor} {
  const {state} = layer.stream(x);
  const {keys, values} = state.tree as {keys: tf.Tensor; values: tf.Tensor};
  const held = [keys, values].map((rows) => rows.slice([0, 0, 0, 0], [-1, -1, x.shape[1] as number, -1]));
  state.dispose();
  return {keys: held[0], values: held[1]};
}

/** LlamaAttention: as the causal layer of a model, and as one that sees both ways. */
async function groupedAttention(golden: GoldenCase): Promise<Actual> {
  const {
    num_attention_heads: numHeads,
    num_key_value_heads: numKeyValueHeads,
    hidden_size,
    head_dim: headSize = (hidden_size as number) / (numHeads as number),
    attention_bias: useBias = false,
    rope_theta = 10000,
  } = golden.config as {[field: string]: number} & {attention_bias?: boolean};
  const rotary = {
    ...scaledAngles(headSize, rope_theta, readRopeScaling(golden.config as AuthorsConfig, golden.name)),
    pairing: 'halves',
  } as const;
  const config = {name: 'attention', numHeads, numKeyValueHeads, headSize, useBias, rotary};
  const [causal, bothWays] = [layers.multiQueryAttention(config), layers.multiQueryCrossAttention(config)];
  const tensors = mappings.linears(
    '',
    'attention',
    {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', output: 'o_proj'},
    {useBias},
  );
  const named = tensors.map((mapping) => ({...mapping, theirs: mapping.theirs.slice(1)}));
  const x = golden.input('hidden_states');
  const loaded = await loadLayer(golden, causal, named, {build: () => causal.apply(x)});
  await loadLayer(golden, bothWays, named, {build: () => bothWays.apply(x)});
  const attentionMask = golden.input('attention_mask').toFloat();
  const bias = causalBias(x.shape[1] as number);
  const actual = probedLayer(golden, loaded, {
    inputs: {input: x},
    run: ({input}) => ({output: causal.apply(input, {attentionMask}) as tf.Tensor}),
    probes: {output: 'probe'},
  });
  const probabilities = bothWays.attentionWeights(x, bothWays.keysAndValues(x).keys, {
    ...inference,
    attentionMask,
    bias,
  });
  return {
    ...actual,
    output: inTokenRows(golden, 'output', actual.output as tf.Tensor, 1),
    'output.attentions': inTokenRows(golden, 'output.attentions', probabilities, 2),
    'output.bidirectional': bothWays.apply(x) as tf.Tensor,
  };
}

/** The paper's listings, batched and incremental. */
function paperAttention(golden: GoldenCase): Actual {
  const X = golden.input('X');
  const {P_q, P_k, P_v, P_o} = golden.weights();
  const weights = {queries: P_q, keys: P_k, values: P_v, output: P_o};
  let memory: ReturnType<typeof ops.multiQueryAttentionStep>['memory'] | null = null;
  const steps = tf.split(X, X.shape[1] as number, 1).map((x) => {
    const step = ops.multiQueryAttentionStep(x, memory, weights);
    memory = step.memory;
    return step.output;
  });
  const {keys, values} = memory as unknown as {keys: tf.Tensor; values: tf.Tensor};
  return {
    ...probedOperator(golden, {
      inputs: {input: X, 'input.M': golden.input('M'), P_q, P_k, P_v, P_o},
      run: (given) => ({
        'output.cross': ops.multiQueryAttention(
          given.input,
          given['input.M'],
          {queries: given.P_q, keys: given.P_k, values: given.P_v, output: given.P_o},
          {bias: golden.input('mask.cross').expandDims(1)},
        ),
      }),
      probes: {'output.cross': 'probe'},
    }),
    'output.causal': ops.multiQueryAttention(X, X, weights, {causal: true}),
    'output.incremental': tf.concat(steps, 1),
    'state.K': keys,
    'state.V': values,
  };
}

/** Cases of attention alone. */
export const attentionKinds: Kinds = {
  'fused-attention': fusedAttention,
  'grouped-attention': groupedAttention,
  'paper-attention': paperAttention,
};
